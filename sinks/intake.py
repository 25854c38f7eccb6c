"""From messages to rows: a bad one becomes a dead letter and harms nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from events.codec import Codec
from events.errors import DeadLetterLimit, Reject
from events.log import log
from events.metrics import DEAD_LETTERS
from events.topics import Topic
from sinks.consumer import Message
from sinks.coordinates import Coordinates, Key
from sinks.decode import Rows, rows_of
from sinks.tables import dead_letters


@dataclass(slots=True)
class Intake:
    """``topic_ids`` are Kafka's ids of the loaded topics; ``limit`` bad messages in a row of one
    partition stop the process."""

    codec: Codec
    topic_ids: Mapping[Topic, str]
    limit: int
    _bad_in_a_row: dict[Key, int] = field(default_factory=dict)

    def coordinates(self, message: Message) -> Coordinates:
        """Where ``message`` is, or where a partition ended."""
        topic = Topic(message.topic() or "")
        return Coordinates(
            topic=topic,
            topic_id=self.topic_ids.get(topic, ""),
            partition=message.partition() or 0,
            offset=message.offset() or 0,
            time_ms=message.timestamp()[1],
        )

    def rows(self, at: Coordinates, message: bytes | None) -> Rows:
        """The rows of ``message``, or its dead letter. Raises ``DeadLetterLimit``, and ``Retry`` if
        a schema registry is needed and away."""
        try:
            rows = rows_of(self.codec, at, message)
        except Reject as bad:
            self._count(at, bad)
            return {dead_letters.TABLE: dead_letters.refused(at, bad.reason)}
        self._bad_in_a_row.pop(at.key, None)
        return rows

    def _count(self, at: Coordinates, bad: Reject) -> None:
        DEAD_LETTERS.labels(bad.reason.value).inc()
        in_a_row = self._bad_in_a_row[at.key] = self._bad_in_a_row.get(at.key, 0) + 1
        where = {"topic": at.topic.value, "partition": at.partition, "offset": at.offset}
        log.warning("message cannot be loaded", reason=bad.reason.value, **where)
        if in_a_row >= self.limit:
            raise DeadLetterLimit(
                f"{in_a_row} messages in a row of {at.topic.value}, partition {at.partition}, up "
                f"to offset {at.offset} cannot be loaded (last: {bad.reason.value}). Does another "
                "program, or another version, write to this topic? Raise --dead-letter-limit to "
                "skip them."
            )
