"""Copies that the books do not know yet: told by their headers, at the end of the raw topic.

A redrive that was killed half-way has left copies that no worker may have judged. Whoever redrives
next must know them, or would publish them once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from confluent_kafka import Consumer, TopicPartition

from deploy.dead_letters.letter import Place
from deploy.dead_letters.read import LOOKING, is_end
from events.clock import Clock, SystemClock
from events.errors import ServerMissing
from events.kafka import client_config, end_offsets
from events.redrive import redriven_from
from events.settings import Settings
from events.topics import Topic
from events.unreadable import StepOver, headers_of

_TAKE_MESSAGES = 1_000
_POLL_S = 0.2


def copied_since(
    settings: Settings,
    topic_id: str,
    starts: Mapping[int, int],
    on_read: Callable[[int], None] = lambda messages: None,
    clock: Clock | None = None,
) -> dict[Place, tuple[int, ...]]:
    """By the place of the original, the offsets of the copies that stand between ``starts``
    (offsets by partition) and the ends as they are now. ``on_read`` is told how many more messages
    were looked at. Raises ``ServerMissing`` and ``Stop``."""
    clock = clock or SystemClock()
    ends = end_offsets(settings, Topic.RAW, starts) if starts else {}
    left = {partition for partition, end in ends.items() if starts[partition] < end}
    consumer, step_over = Consumer(client_config(settings, **LOOKING)), StepOver()
    found: dict[Place, tuple[int, ...]] = {}
    try:
        consumer.assign(
            [TopicPartition(Topic.RAW.value, each, starts[each]) for each in sorted(left)]
        )
        moved_s = clock.monotonic_s()
        while left:
            messages = consumer.consume(_TAKE_MESSAGES, _POLL_S)
            if any(message.error() is None for message in messages):
                moved_s = clock.monotonic_s()
            elif clock.monotonic_s() - moved_s > settings.server_timeout_s:
                raise ServerMissing(f"Kafka did not give the end of {Topic.RAW.value} to read")
            for message in messages:
                partition, offset = message.partition() or 0, message.offset() or 0
                if is_end(message):
                    left.discard(partition)
                if step_over.at(consumer, message) or message.error() is not None:
                    continue  # of no partition, where it is about the group that is never joined
                if offset + 1 >= ends[partition]:
                    left.discard(partition)
                origin = redriven_from(headers_of(message), topic_id, partition, offset)
                if origin is not None:
                    place = partition, origin
                    found[place] = (*found.get(place, ()), offset)
            on_read(len(messages))
    finally:
        consumer.close()
    return found
