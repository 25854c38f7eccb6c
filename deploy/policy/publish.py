"""Makes the agreed versions known to the workers, by way of Kafka's topic `policy`.

1 verify the folder                    nothing was sent
2 read the topic, verify it            nothing was sent
3 send what is newer, oldest first     what was sent is in force; run again for the rest
4 read the topic again                 whether the newest of the folder is in force now
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import KafkaError, Message, Producer

from events.clock import SystemClock
from events.codec import Codec
from events.errors import InputError, PolicyRefused, ServerMissing, Stop
from events.kafka import client_config, create_topics, wait_for_kafka
from events.policy_folder import read_folder
from events.policy_history import Agreed, History
from events.policy_signature import SignedPolicy, trust_anchors
from events.policy_topic import SCHEMA, key_of, to_record
from events.registry import codec_of
from events.settings import Settings
from events.topics import Topic
from streams.policy_reader import PolicyReader


def publish_policies(settings: Settings) -> tuple[Agreed, int]:
    """Send the versions that the topic lacks; the newest, and how many were sent.

    What is there already is not sent again, unless somebody published something since that was
    refused. Raises ``PolicyRefused`` where the folder has none in force, or ends before the topic
    does, or differs from it: a version that is in force can only be followed.
    """
    folder = read_folder(settings)
    if folder.history.newest is None:
        raise folder.refusal or InputError(f"there is no policy in {folder.path} to publish")
    create_topics(wait_for_kafka(settings), settings, [Topic.POLICY])
    with codec_of(settings) as codec:
        with following(settings, codec) as reader:
            unsent = _unsent(folder.history, reader.history)
            if not unsent and reader.refusals:
                unsent = [folder.history.newest.signed]
        _send(settings, codec, unsent)
        with following(settings, codec) as reader:
            _unsent_is_nothing(folder.history, reader)
    return folder.history.newest, len(unsent)


@contextmanager
def following(settings: Settings, codec: Codec) -> Iterator[PolicyReader]:
    """The topic's history, read to its end and verified. ``ServerMissing``."""
    reader = PolicyReader(settings, codec, trust_anchors(settings), SystemClock())
    reader.read()
    try:
        yield reader
    finally:
        reader.stop()


def _unsent(here: History, there: History) -> list[SignedPolicy]:
    """What ``there`` lacks. ``PolicyRefused`` where the two do not belong together."""
    newest = there.newest
    if newest is None:
        return [agreed.signed for agreed in here.versions]
    where = f"topic {Topic.POLICY.value}"
    same = {agreed.policy.version: agreed for agreed in here.versions}.get(newest.policy.version)
    if same is None:
        fault = f"version {newest.policy.version} is in force, and is not in this folder: get it"
        raise PolicyRefused(where, [f"{fault}. What was in force is never gone back to"])
    if same.policy.sha256 != newest.policy.sha256:
        fault = f"another text is in force as version {newest.policy.version}"
        raise PolicyRefused(where, [f"{fault} ({newest.policy.sha256[:12]})"])
    return [each.signed for each in here.versions if each.policy.version > newest.policy.version]


def _unsent_is_nothing(here: History, reader: PolicyReader) -> None:
    if _unsent(here, reader.history):
        faults = [f"{one.where}: {fault}" for one in reader.refusals for fault in one.faults]
        raise PolicyRefused(f"topic {Topic.POLICY.value}", ["was not taken", *faults])


def _send(settings: Settings, codec: Codec, unsent: Sequence[SignedPolicy]) -> None:
    """``Stop`` where Kafka refuses one, ``ServerMissing`` where it does not answer in time."""
    refused: list[KafkaError] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            refused.append(error)

    # One that Kafka has twice is read once (``PolicyReader``): no need to wait for a producer's id.
    producer = Producer(client_config(settings, **{"acks": "all", "max.in.flight": 1}))
    for signed in unsent:
        value = codec.encode(SCHEMA, to_record(signed))
        producer.produce(
            Topic.POLICY.value, value, key_of(signed), partition=0, on_delivery=delivered
        )
    if producer.flush(settings.server_timeout_s):
        raise ServerMissing("Kafka did not take the policy in time. Run it again when it answers.")
    if refused:
        raise Stop(
            f"Kafka refuses the policy: {refused[0].name()}. Publish as a user who may write to "
            f"topic {Topic.POLICY.value} (registrar, or an administrator)."
        )
