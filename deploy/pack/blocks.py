"""What a document is made of, whatever it is written as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: What stands where only the organisation knows what to write.
BLANK = "[to be filled in: {}]"


@dataclass(frozen=True, slots=True)
class Heading:
    """``level`` 1 is the title, 2 a part, 3 a section of one."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. ``caption`` says what it is of."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


Block = Heading | Text | Bullets | Grid
Document = Sequence[Block]


def blank(what: str) -> str:
    """A clearly marked gap."""
    return BLANK.format(what)
