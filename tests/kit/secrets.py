"""Secrets of people that a test knows, so that it can tell whose a pseudonym is."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import Producer

from events.codec import Codec
from events.kafka import client_config
from events.sealing import digest
from events.settings import Settings
from events.subject_secret import SCHEMA, SubjectSecret, to_record
from events.topics import Topic
from streams.keys import KeyEpoch, load_ring
from streams.pseudonymise import keyed_id, pseudonym_of
from streams.sealing_keys import SealingKeys
from streams.secrets import Secrets
from tests.oracle import secret_of
from tests.strategies import SEALING, SUBJECTS


def records_of(
    subjects: Iterable[str], sealing: SealingKeys, from_ms: int = 0
) -> dict[bytes, bytes]:
    """What the topic holds when ``subjects`` have these secrets: values by key."""
    records = {}
    for subject in subjects:
        name = digest(sealing.digest_key, subject)
        secret = SubjectSecret(secret_of(subject), from_ms)
        record = to_record(secret, name, sealing.public)
        records[name] = Codec().encode(SCHEMA, record)
    return records


def give_secrets(
    settings: Settings, subjects: Iterable[str], sealing: SealingKeys | None = None
) -> None:
    """Have ``subjects`` have these secrets in the Kafka of ``settings``, under its key file's keys:
    who grants later keeps them."""
    producer = Producer(client_config(settings))
    keys = sealing or load_ring(settings).sealing
    for key, value in records_of(subjects, keys).items():
        producer.produce(Topic.SECRETS.value, value, key, partition=0)
    assert producer.flush(30) == 0


def secrets(
    subjects: Iterable[str] = SUBJECTS, sealing: SealingKeys = SEALING, from_ms: int = 0
) -> Secrets:
    """The worker's knowledge of them."""
    found = Secrets()
    for key, value in records_of(subjects, sealing, from_ms).items():
        found.apply(key, Codec().decode(SCHEMA, value)["sealed_secret"])
    return found


def pseudonym(epoch: KeyEpoch, purpose: str, subject: str) -> int:
    """What the rows of a purpose call a person with such a secret."""
    return pseudonym_of(epoch.keys[purpose], secret_of(subject))


def session_id(epoch: KeyEpoch, purpose: str, subject: str, session: bytes) -> int:
    """What they call one of the person's sessions."""
    return keyed_id(epoch.keys[purpose], "session", secret_of(subject) + session)
