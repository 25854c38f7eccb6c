"""Reads all of the raw topic, from its beginning to its end as it is now. Commits nothing, joins no
group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from events.clock import Clock, SystemClock
from events.errors import ServerMissing, Stop
from events.kafka import client_config, end_offsets
from events.settings import Settings
from events.topics import Topic
from events.unreadable import StepOver

_TAKE_MESSAGES = 1_000
_POLL_S = 0.2
#: What librdkafka may fetch ahead.
_AHEAD_KBYTES = 16_384


def raw_messages(
    settings: Settings,
    partitions: Iterable[int],
    on_read: Callable[[int], None] = lambda messages: None,
    clock: Clock | None = None,
) -> Iterator[list[Message]]:
    """Every message that Kafka acknowledged before the call and still has, in blocks, each
    partition's in their order. ``on_read`` is told how many more were read.

    Raises ``ServerMissing`` where nothing comes for ``server_timeout_s``, ``Stop`` where this user
    may not read the topic.
    """
    clock = clock or SystemClock()
    ends = end_offsets(settings, Topic.RAW, partitions)
    left = {partition for partition, end in ends.items() if end > 0}
    consumer, step_over = Consumer(client_config(settings, **_LOOKING)), StepOver()
    try:
        consumer.assign(
            [TopicPartition(Topic.RAW.value, each, OFFSET_BEGINNING) for each in sorted(left)]
        )
        heard_s = clock.monotonic_s()
        while left:
            found = consumer.consume(_TAKE_MESSAGES, _POLL_S)
            if any(message.error() is None for message in found):
                heard_s = clock.monotonic_s()
            elif clock.monotonic_s() - heard_s > settings.server_timeout_s:
                raise ServerMissing(f"Kafka did not give all of {Topic.RAW.value} to read")
            sound = []
            for message in found:
                partition, offset = message.partition() or 0, message.offset() or 0
                if _is_end(message):
                    left.discard(partition)
                if step_over.at(consumer, message) or message.error() is not None:
                    continue  # of no partition, where it is about the group that is never joined
                if offset + 1 >= ends[partition]:
                    left.discard(partition)
                if offset < ends[partition]:
                    sound.append(message)
            on_read(len(sound))
            yield sound
    finally:
        consumer.close()


_LOOKING = {
    "group.id": "glasshouse-show",  # never joined: assign() needs a name
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "auto.offset.reset": "earliest",
    "queued.max.messages.kbytes": _AHEAD_KBYTES,
    "fetch.wait.max.ms": 50,  # the end is told only after this wait
}


def _is_end(message: Message) -> bool:
    error = message.error()
    if error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        raise Stop(
            f"Kafka does not let this user read {Topic.RAW.value}: act as `custodian`, and run "
            "`glasshouse provision --rights` as administrator if it lacks the right."
        )
    return error is not None and error.code() == KafkaError._PARTITION_EOF
