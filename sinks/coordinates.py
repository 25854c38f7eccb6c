"""Where a message is. What the loader says of a message is this and a reason, never its content."""

from __future__ import annotations

from dataclasses import dataclass

from events.topics import Topic

#: A partition of a topic.
Key = tuple[Topic, int]


@dataclass(frozen=True, slots=True)
class Coordinates:
    """``time_ms`` is Kafka's timestamp, ms UTC; -1 where the message has none."""

    topic: Topic
    topic_id: str
    partition: int
    offset: int
    time_ms: int

    @property
    def key(self) -> Key:
        return self.topic, self.partition
