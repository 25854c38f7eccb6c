"""Records on their way into an export: JSON, in blocks, so that a person may have any number."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from events.clock import to_datetime
from events.vocabulary import MAX_TIME_MS

#: Each block is a list of JSON objects, without a line break in any.
Blocks = Iterable[list[bytes]]

#: Is told how many more records, or messages, were read.
OnRead = Callable[[int], None]

#: Records that the page shows of the beginning of each store, and of its end.
GLIMPSE = 5


@dataclass(frozen=True, slots=True)
class Found:
    """What a store has of the person. ``days``: how many records of which day, where that tells
    something; ``meanings``: of what stands in a record; ``note``: what has to be known of it. All
    are whole once ``blocks`` have been taken. Nothing of it shows in a ``repr``."""

    blocks: Blocks = field(repr=False)
    days: Mapping[str, int] = field(default_factory=dict, repr=False)
    meanings: Mapping[str, str] = field(default_factory=dict, repr=False)
    note: str = ""


@dataclass(slots=True)
class Glimpse:
    """How many records have gone by; the first and the last of them."""

    count: int = 0
    _first: list[bytes] = field(default_factory=list, repr=False)
    _last: deque[bytes] = field(default_factory=lambda: deque(maxlen=GLIMPSE), repr=False)

    def of(self, blocks: Blocks) -> Iterator[list[bytes]]:
        """The same blocks, one after the other."""
        for block in blocks:
            self._first += block[: GLIMPSE - len(self._first)]
            self._last.extend(block[-GLIMPSE:])
            self.count += len(block)
            yield block

    @property
    def first(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self._first]

    @property
    def last(self) -> list[dict[str, Any]]:
        """The last ones, none of which is among the first."""
        left = max(0, self.count - len(self._first))
        return [json.loads(text) for text in list(self._last)[-left:]] if left else []


def text_of(value: object) -> bytes:
    """One line of JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def block_of(records: Iterable[Mapping[str, Any]]) -> list[bytes]:
    return [text_of(record) for record in records]


def moment(at_ms: int) -> str:
    """A time as ISO 8601, UTC; of one that no calendar has, the number."""
    if not 0 <= at_ms <= MAX_TIME_MS:
        return str(at_ms)
    return f"{to_datetime(at_ms):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
