"""A recorded session and what reading it gives: event columns, and the rows that made no sense."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum, unique
from pathlib import Path

from producers.batches import EventColumns

#: Bad rows are all counted; this many are told with file and line, enough to find the cause.
MAX_EXAMPLES = 20


@unique
class Format(StrEnum):
    BALABIT = "balabit"
    DUCKTRACK = "ducktrack"


@dataclass(frozen=True, slots=True)
class Screen:
    """Size of the screen a session was recorded on, each side 1 to 65,535 px."""

    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class BadRow:
    """Where an unreadable row is and, in fixed words, what is wrong. Never the row itself.

    ``line`` counts from 1; 0 means the file as a whole.
    """

    path: Path = field(repr=False)  # a folder in it may be named after a person
    line: int
    fault: str


@dataclass(frozen=True, slots=True)
class SessionEvents:
    """What a session's file holds: its events, and how many rows are not events of any kind.

    ``examples`` has the first ``MAX_EXAMPLES`` of the ``unreadable_rows``, in the file's order.
    ``digest`` is of the file, of more than the events that are made of it, but of nothing typed.
    """

    columns: EventColumns = field(repr=False)
    unreadable_rows: int
    examples: tuple[BadRow, ...]
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recording:
    """One session of one person. ``read()`` opens the file only when called and never raises for
    what is in it: unreadable rows are counted. Nothing of the person shows in the ``repr``."""

    format: Format
    subject: str = field(repr=False)
    session: str = field(repr=False)
    screen: Screen
    read: Callable[[], SessionEvents] = field(repr=False)
