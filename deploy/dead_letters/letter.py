"""A dead letter: where a message is that was refused whole, and why. Never what is in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.clock import to_datetime
from events.errors import InputError

#: (partition, offset) in `interactions.raw`
Place = tuple[int, int]

_PLACE = re.compile(r"(\d{1,10}):(\d{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Letter:
    """``time_ms`` is Kafka's timestamp; ``copies`` are the offsets, in the same partition, of the
    copies that the books know of."""

    topic: str
    topic_id: str
    partition: int
    offset: int
    reason: str
    time_ms: int
    copies: tuple[int, ...] = ()

    @property
    def place(self) -> Place:
        return self.partition, self.offset

    @property
    def time(self) -> datetime:
        return to_datetime(self.time_ms)

    def to_json(self) -> dict[str, Any]:
        """Its fields as plain values."""
        return {
            "topic": self.topic,
            "topic_id": self.topic_id,
            "partition": self.partition,
            "offset": self.offset,
            "reason": self.reason,
            "message_time": self.time.isoformat(timespec="milliseconds"),
            "copies": list(self.copies),
        }


def written(place: Place) -> str:
    """``place`` as a person writes it: partition:offset."""
    return f"{place[0]}:{place[1]}"


def parse(text: str) -> Place:
    """The place that ``text`` names; ``InputError`` where it names none."""
    match = _PLACE.fullmatch(text)
    if match is None:
        raise InputError("name a message by PARTITION:OFFSET, two numbers, as `list` shows it")
    return int(match[1]), int(match[2])
