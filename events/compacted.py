"""Reads a compacted topic of one partition whole, once, for those who act and end."""

from __future__ import annotations

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from events.clock import Clock, SystemClock
from events.errors import ServerMissing, Stop
from events.kafka import arrived, client_config, end_offsets
from events.settings import Settings
from events.topics import Topic

_POLL_RECORDS = 5_000
_POLL_S = 0.2


def last_values(settings: Settings, topic: Topic, clock: Clock | None = None) -> dict[bytes, bytes]:
    """The last value under each key; a deleted key is not there. All that was acknowledged or
    committed before the call is in it.

    Raises ``ServerMissing`` where nothing comes for ``server_timeout_s``, ``Stop`` where this user
    may not read it.
    """
    clock = clock or SystemClock()
    # Not the end that a reader of what is committed is told: it moves after the acknowledgement.
    (end,) = end_offsets(settings, topic, [0]).values()
    consumer = Consumer(
        client_config(
            settings,
            **{
                "group.id": "glasshouse-show",  # never joined: assign() needs a name
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",  # where the topic begins later than at 0
                "fetch.wait.max.ms": 100,  # the end is told only after this wait
            },
        )
    )
    found: dict[bytes, bytes] = {}
    read_to, heard_s = 0, clock.monotonic_s()
    try:
        consumer.assign([TopicPartition(topic.value, 0, 0)])
        while read_to < end:
            messages = arrived(consumer, _POLL_RECORDS, _POLL_S)
            before = read_to
            for message in messages:
                read_to = max(read_to, _take(message, topic, found))
            if read_to > before:
                heard_s = clock.monotonic_s()
            elif clock.monotonic_s() - heard_s > settings.server_timeout_s:
                raise ServerMissing(f"Kafka did not give all of {topic.value}")
    finally:
        consumer.close()
    return found


def _take(message: Message, topic: Topic, found: dict[bytes, bytes]) -> int:
    """How far the topic is read with this message."""
    error = message.error()
    if error is not None:
        if error.code() == KafkaError._PARTITION_EOF:
            return message.offset() or 0
        if error.retriable() or error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            return 0  # the group is looked for even so, and who reads alone has no right to one
        raise Stop(f"topic {topic.value} cannot be read: {error.name()}")
    key, value = message.key(), message.value()
    if key is not None and value is not None:
        found[key] = value
    elif key is not None:
        found.pop(key, None)
    return (message.offset() or 0) + 1
