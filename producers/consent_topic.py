"""Reads one person's last words from the consent topic, from its start to its end."""

from __future__ import annotations

from collections.abc import Collection

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from events.clock import Clock, SystemClock
from events.codec import Codec
from events.consent import SCHEMA, ConsentRecord, from_record
from events.errors import Reject, ServerMissing, Stop
from events.kafka import client_config
from events.settings import Settings
from events.topics import Topic

_POLL_RECORDS = 5_000
_POLL_S = 0.2


def last_words(
    keys: Collection[bytes], settings: Settings, codec: Codec, clock: Clock | None = None
) -> list[ConsentRecord]:
    """The last record under each of ``keys`` that has one; an empty message takes it back.

    The end is where the broker has nothing more to give (its "end of partition"), so every record
    acknowledged before the call is seen. Raises ``ServerMissing`` if nothing comes for
    ``server_timeout_s``, ``Retry`` if a schema registry is away.
    """
    clock = clock or SystemClock()
    consumer = Consumer(
        client_config(
            settings,
            **{
                "group.id": "glasshouse-show",  # never joined: assign() needs a name
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 100,  # the end is told only after this wait
            },
        )
    )
    last: dict[bytes, bytes] = {}
    heard_s = clock.monotonic_s()
    try:
        consumer.assign([TopicPartition(Topic.CONSENT.value, 0, OFFSET_BEGINNING)])
        while True:
            messages = consumer.consume(_POLL_RECORDS, timeout=_POLL_S)
            if messages:
                heard_s = clock.monotonic_s()
            elif clock.monotonic_s() - heard_s > settings.server_timeout_s:
                raise ServerMissing(f"Kafka did not tell the end of {Topic.CONSENT.value}")
            if any(_take(message, keys, last) for message in messages):
                return _decoded(last, codec)
    finally:
        consumer.close()


def _take(message: Message, keys: Collection[bytes], last: dict[bytes, bytes]) -> bool:
    """Whether ``message`` is the end."""
    error = message.error()
    if error is not None:
        if error.code() == KafkaError._PARTITION_EOF:
            return True
        if error.retriable() or error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            return False  # the group is looked for even so, and who reads alone has no right to one
        raise Stop(f"topic {Topic.CONSENT.value} cannot be read: {error.name()}")
    key = message.key()
    if key in keys and key is not None:
        last[key] = message.value() or b""
    return False


def _decoded(last: dict[bytes, bytes], codec: Codec) -> list[ConsentRecord]:
    words = []
    for value in filter(None, last.values()):
        try:
            words.append(from_record(codec.decode(SCHEMA, value)))
        except Reject as refusal:
            raise Stop(
                f"a record of this person on {Topic.CONSENT.value} cannot be read "
                f"({refusal.reason.value}). Say the word again: consent grant, withdraw, ..."
            ) from None
    return words
