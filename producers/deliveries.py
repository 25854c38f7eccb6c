"""What Kafka has said about the messages of a publisher: counted as each report comes in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, Message

from events.metrics import PRODUCE_FAILURES, PRODUCED_MESSAGES
from producers.unsent import Unsent


@dataclass(frozen=True, slots=True)
class PublishReport:
    """Counts from delivery reports alone; nothing is counted before Kafka acknowledged it.

    ``raw_ends``: per partition of `interactions.raw`, the offset after the last acknowledged
    message. ``raw_messages``: acknowledged messages on that topic; ``events_acknowledged``: the
    events in them. Consent records count as messages only. ``left_over_messages``: those of the raw
    ones that an earlier run had left in the spool; ``left_over_events``: the events in them.
    """

    messages_acknowledged: int
    events_acknowledged: int
    messages_failed: int
    raw_messages: int
    raw_ends: Mapping[int, int]
    left_over_messages: int = 0
    left_over_events: int = 0


@dataclass(slots=True)
class Deliveries:
    """Running counts. ``unplaced``: partitions where a message was acknowledged without an offset
    (it was a repeat that the broker already had)."""

    acknowledged: int = 0
    events: int = 0
    raw_messages: int = 0
    raw_ends: dict[int, int] = field(default_factory=dict)
    unplaced: set[int] = field(default_factory=set)
    failures: Counter[str] = field(default_factory=Counter)
    left_over_messages: int = 0
    left_over_events: int = 0

    @property
    def reported(self) -> int:
        return self.acknowledged + self.failures.total()

    def raw(self, message: Unsent, acknowledged: Callable[[int], None]) -> Any:
        """A delivery callback for a raw message, which passes its number on to ``acknowledged``."""
        # Without key and value: librdkafka has its own copy, and this one would wait as long.
        sent = replace(message, key=b"", value=b"")
        return partial(self._raw_delivered, sent, acknowledged)

    def _raw_delivered(
        self,
        sent: Unsent,
        acknowledged: Callable[[int], None],
        error: KafkaError | None,
        message: Message,
    ) -> None:
        self.delivered(error, message)
        if error is not None:
            return
        acknowledged(sent.number)
        if sent.left_over:
            self.left_over_messages += 1
            self.left_over_events += sent.events
        self.events += sent.events
        self.raw_messages += 1
        partition, offset = message.partition() or 0, message.offset()
        if offset is None or offset < 0:
            self.unplaced.add(partition)
        else:
            self.raw_ends[partition] = max(self.raw_ends.get(partition, 0), offset + 1)

    def delivered(self, error: KafkaError | None, message: Message) -> None:
        """A delivery callback for any message."""
        if error is None:
            self.acknowledged += 1
            PRODUCED_MESSAGES.inc()
        else:
            self.failures[error.name()] += 1
            PRODUCE_FAILURES.inc()

    def report(self) -> PublishReport:
        """The counts as they stand."""
        return PublishReport(
            messages_acknowledged=self.acknowledged,
            events_acknowledged=self.events,
            messages_failed=self.failures.total(),
            raw_messages=self.raw_messages,
            raw_ends=dict(self.raw_ends),
            left_over_messages=self.left_over_messages,
            left_over_events=self.left_over_events,
        )
