"""The embedded broker forgets everything when it stops; people's secrets must outlive it.

Otherwise the rows of a trial would be nobody's at its next run, and the same recordings would come
in under other names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping

from confluent_kafka import Producer

from events.codec import Codec
from events.compacted import last_values
from events.errors import ServerMissing
from events.kafka import client_config
from events.kept_secrets import file_of, kept
from events.settings import Settings
from events.subject_secret import FORGOTTEN, SCHEMA
from events.topics import Topic


def restore(settings: Settings) -> None:
    """Put what was kept on the topic, which must be empty. ``ServerMissing``, ``DataDirError``."""
    producer = Producer(client_config(settings))
    for key, value in kept(settings).items():
        producer.produce(Topic.SECRETS.value, value, key, partition=0)
    if producer.flush(settings.server_timeout_s):
        raise ServerMissing("the embedded broker did not take the secrets that were kept")


def keep(settings: Settings) -> None:
    """Keep what is on the topic now: mode 0600, whole or not at all."""
    _write(settings, last_values(settings, Topic.SECRETS))


def forget(settings: Settings, names: Iterable[bytes], codec: Codec) -> None:
    """Put the mark of the forgotten in the place of secrets, by their names. ``DataDirError``."""
    mark = codec.encode(SCHEMA, FORGOTTEN)
    found = kept(settings)
    _write(settings, found | {name: mark for name in names if name in found})


def _write(settings: Settings, found: Mapping[bytes, bytes]) -> None:
    content = {key.hex(): value.hex() for key, value in found.items()}
    draft = file_of(settings).with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    draft.replace(file_of(settings))
