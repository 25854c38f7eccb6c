"""Compares what tables hold with what they must hold, row by row. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from events.purposes import Purpose
from tests.chaos.expected import Book, Case, Expected, Place
from tests.chaos.tables import Tables
from tests.oracle import Row

_TABLE_OF = {
    Purpose.AGENT_TRAINING.value: "training.interactions",
    Purpose.TEAM_ANALYTICS.value: "analytics.window_partials",
}
_BOOKS = "governance.accounting"
#: Of each kind of difference, so many are told with their place; all are counted.
SHOWN = 4

Name = TypeVar("Name", bound=Hashable)
Rest = TypeVar("Rest")


@dataclass(frozen=True, slots=True)
class Difference:
    """``where`` are coordinates, or ids that only the keys can lead back from."""

    table: str
    what: str
    where: str = ""


@dataclass(slots=True)
class Comparison:
    """``in_doubt``: batches that are in the tables though their books say withheld, where that is
    allowed (see ``compare``). ``missing_books``: coordinates of messages without books."""

    differences: list[Difference] = field(default_factory=list)
    in_doubt: int = 0
    missing_books: frozenset[Place] = frozenset()

    def told(self) -> list[str]:
        """A few of each kind with their places, and how many there are."""
        lines = []
        for (table, what), number in Counter((d.table, d.what) for d in self.differences).items():
            places = [d.where for d in self.differences if (d.table, d.what) == (table, what)]
            lines.append(f"{table}: {what}, {number:,} times: {'; '.join(places[:SHOWN])}")
        return lines


def compare(found: Tables, expected: Expected, *, doubt_allowed: bool) -> Comparison:
    """Every difference. ``doubt_allowed``: a process that died or was paused between the
    acknowledgement of rows and that of their books may, where consent changed in the batch's
    flight, leave rows whose books say withheld: all rows of the batch, and the right ones."""
    comparison = Comparison()
    differences = comparison.differences
    books = _once(_BOOKS, found.books, differences)
    allowed = _allowed(expected)
    comparison.missing_books = frozenset(allowed.keys() - books.keys())
    differences += _books(books, allowed)
    for purpose, rows in (
        (Purpose.AGENT_TRAINING.value, found.training),
        (Purpose.TEAM_ANALYTICS.value, found.partials),
    ):
        table = _TABLE_OF[purpose]
        stored = _once(table, rows, differences)
        cases, wanted = _passed(expected, purpose, books)
        if doubt_allowed:
            doubtful = _doubtful(cases, stored, wanted)
            comparison.in_doubt += len(doubtful)
            for case in doubtful:
                wanted |= case.rows
        differences += _same(table, stored, wanted)
    letters = _once("governance.dead_letters", found.dead_letters, differences)
    differences += _same("governance.dead_letters", letters, expected.dead_letters)
    words = _once("governance.consent_log", found.consent_log, differences)
    differences += _same("governance.consent_log", words, expected.consent_log)
    if found.elsewhere:
        differences.append(Difference(_BOOKS, "rows of another topic or policy"))
    return comparison


def _once(
    table: str, pairs: Iterable[tuple[Name, Rest]], doubled: list[Difference]
) -> dict[Name, Rest]:
    """Rows by name; what comes twice goes to ``doubled``."""
    rows: dict[Name, Rest] = {}
    for name, rest in pairs:
        if name in rows:
            doubled.append(Difference(table, "doubled", str(name)))
        rows[name] = rest
    return rows


def _same(
    table: str, found: Mapping[Name, Rest], wanted: Mapping[Name, Rest]
) -> Iterator[Difference]:
    for name in wanted.keys() - found.keys():
        yield Difference(table, "missing", str(name))
    for name in found.keys() - wanted.keys():
        yield Difference(table, "not expected", str(name))
    for name in wanted.keys() & found.keys():
        if found[name] != wanted[name]:
            yield Difference(table, "changed", str(name))


def _allowed(expected: Expected) -> dict[Place, frozenset[Book]]:
    """The books that each message may have."""
    allowed = {place: frozenset([book]) for place, book in expected.refused.items()}
    for case in expected.cases.values():
        allowed |= case.places
    return allowed


def _books(
    found: Mapping[Place, Book], allowed: Mapping[Place, frozenset[Book]]
) -> Iterator[Difference]:
    """Each message has one of the books that it may have."""
    for place in allowed.keys() - found.keys():
        yield Difference(_BOOKS, "missing", str(place))
    for place in found.keys() - allowed.keys():
        yield Difference(_BOOKS, "not expected", str(place))
    for place in allowed.keys() & found.keys():
        if found[place] not in allowed[place]:
            fates = " or ".join(sorted(_fates(book) for book in allowed[place]))
            yield Difference(_BOOKS, f"says {_fates(found[place])}, not {fates}", str(place))


def _fates(book: Book) -> str:
    """What a book says, without its counts."""
    reasons = [str(reason) for reason, _ in (*book[3], *book[4])]
    return " + ".join((["passed"] if book[2] else []) + reasons)


def _passed(
    expected: Expected, purpose: str, books: Mapping[Place, Book]
) -> tuple[dict[int, Case], dict[Row, Row]]:
    """The batches of a purpose, and the rows of those of which the books say that they passed."""
    cases = {batch: case for (of, batch), case in expected.cases.items() if of == purpose}
    rows: dict[Row, Row] = {}
    for case in cases.values():
        if any(books.get(place) == case.willing for place in case.places):
            rows |= case.rows
    return cases, rows


def _doubtful(
    cases: Mapping[int, Case], found: Mapping[Row, Row], wanted: Mapping[Row, Row]
) -> list[Case]:
    """Batches of which rows are there that no books speak of, where consent changed in flight."""
    batches = {cast("int", name[0]) for name in found.keys() - wanted.keys()}
    return [cases[batch] for batch in batches if batch in cases and cases[batch].undecided]
