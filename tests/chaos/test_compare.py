"""The comparison finds what is planted, one difference at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from events.clock import MS_PER_DAY
from events.consent import ConsentAction
from events.outcomes import Rejected
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import PURPOSES
from tests.chaos.compare import Comparison, compare
from tests.chaos.expected import Book, Consent, Expected, Place, Stored, expect, log_of
from tests.chaos.tables import Tables
from tests.chaos.words import Heard
from tests.kit.consent import chained
from tests.oracle import Row, World
from tests.strategies import NOW_MS, SUBJECTS, Sent, encoded, fixed_id, ring, sound_batch, word

STEADY, CHANGING = SUBJECTS[:2]
SAID_MS = NOW_MS - 60_000


def words() -> list[Heard]:
    """Both agree for everything; then one of them withdraws, after the messages came."""
    said = [
        word(action, who, purpose, at_ms=SAID_MS)
        for who in (STEADY, CHANGING)
        for purpose in PURPOSES
        for action in (ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT)
    ]
    said += [
        word(ConsentAction.WITHDRAW, CHANGING, purpose, at_ms=NOW_MS + 1) for purpose in PURPOSES
    ]
    return [Heard(*each, each[0].at_ms) for each in zip(said, chained(said), strict=True)]


def stored() -> list[Stored]:
    """A batch of each, the first one twice, and a message that is refused."""
    mine = sound_batch(subject=STEADY)
    other = sound_batch(subject=CHANGING, batch_id=fixed_id("batch", 1))
    messages = [Sent(encoded(batch), batch) for batch in (mine, other, mine)]
    messages.append(Sent(b"", reason=Rejected.UNDECODABLE))
    return [Stored(0, offset, NOW_MS, sent) for offset, sent in enumerate(messages)]


@pytest.fixture(scope="module")
def expected() -> Expected:
    keys = ring(0, NOW_MS - 3 * MS_PER_DAY)
    epochs = [(epoch.epoch, epoch.from_ms, epoch.keys) for epoch in keys.epochs]
    world = World((), load_policy(BUNDLED_POLICY), epochs, NOW_MS)
    found = expect(stored(), Consent(words(), 2_000), world)
    found.consent_log = log_of(dict(enumerate(words())), world)
    return found


def tables(expected: Expected, *, passes: bool) -> Tables:
    """The tables of a run without fault; ``passes``: the one who withdrew was judged before."""
    books = dict(expected.refused)
    rows: dict[str, dict[Row, Row]] = {purpose.value: {} for purpose in PURPOSES}
    for (purpose, _), case in expected.cases.items():
        for place, allowed in case.places.items():
            (other,) = allowed - {case.willing} or {case.willing}
            books[place] = case.willing if passes else other
        if passes or not case.undecided:
            rows[purpose] |= case.rows
    training, partials = (list(rows[purpose.value].items()) for purpose in PURPOSES)
    letters, log = list(expected.dead_letters.items()), list(expected.consent_log.items())
    return Tables(training, partials, list(books.items()), letters, log, 0)


def kinds(comparison: Comparison) -> set[tuple[str, str]]:
    return {(found.table, found.what.split()[0]) for found in comparison.differences}


@pytest.mark.parametrize("passes", [True, False], ids=["judged before", "judged after"])
def test_either_fate_of_one_whose_consent_changed_is_right(
    expected: Expected, passes: bool
) -> None:
    found = tables(expected, passes=passes)
    assert found.training
    assert compare(found, expected, doubt_allowed=False) == Comparison()


def changed(pair: Any) -> Any:
    name, rest = pair
    return (name, (*rest[:-1], "another" if isinstance(rest[-1], str) else 12_345))


PLANTED: dict[str, tuple[str, Callable[[list[Any]], list[Any]]]] = {
    "missing": ("missing", lambda rows: rows[1:]),
    "doubled": ("doubled", lambda rows: [*rows, rows[0]]),
    "changed": ("changed", lambda rows: [changed(rows[0]), *rows[1:]]),
    "extra": ("not", lambda rows: [*rows, ((7, 7, 7), (7,) * 8)]),
}
TABLES = {
    "training": "training.interactions",
    "partials": "analytics.window_partials",
    "books": "governance.accounting",
    "dead_letters": "governance.dead_letters",
    "consent_log": "governance.consent_log",
}


@pytest.mark.parametrize("plant", PLANTED)
@pytest.mark.parametrize("table", TABLES)
def test_a_planted_difference_is_found(expected: Expected, table: str, plant: str) -> None:
    what, spoil = PLANTED[plant]
    if (table, plant) == ("books", "changed"):
        what, spoil = "says", lambda rows: [(rows[0][0], (1, 2, 2, (), ())), *rows[1:]]
    found = tables(expected, passes=True)
    spoilt: Any = {table: spoil(getattr(found, table))}
    found = replace(found, **spoilt)
    assert (TABLES[table], what) in kinds(compare(found, expected, doubt_allowed=True))


def test_rows_of_another_run_are_found(expected: Expected) -> None:
    found = replace(tables(expected, passes=True), elsewhere=1)
    assert compare(found, expected, doubt_allowed=True).differences


def test_rows_whose_books_say_withheld_are_in_doubt_only_where_that_is_allowed(
    expected: Expected,
) -> None:
    """Rows of a run that judged before the withdrawal, books of one that judged after it."""
    before, after = (tables(expected, passes=passes) for passes in (True, False))
    found = replace(after, training=before.training, partials=before.partials)
    assert compare(found, expected, doubt_allowed=True) == Comparison(in_doubt=2)
    assert ("training.interactions", "not") in kinds(compare(found, expected, doubt_allowed=False))
    torn = replace(found, training=found.training[:-1])
    assert ("training.interactions", "missing") in kinds(
        compare(torn, expected, doubt_allowed=True)
    )


def test_who_never_changed_is_never_in_doubt(expected: Expected) -> None:
    found = tables(expected, passes=True)
    books: list[tuple[Place, Book]] = [
        (place, (book[0], book[1], 0, (("withdrawn", book[1]),), ())) for place, book in found.books
    ]
    comparison = compare(replace(found, books=books), expected, doubt_allowed=True)
    assert ("governance.accounting", "says") in kinds(comparison)
    assert ("training.interactions", "not") in kinds(comparison)


def test_nothing_that_is_told_names_a_person(expected: Expected) -> None:
    empty = Tables([], [], [], [], [], 0)
    told = " ".join(compare(empty, expected, doubt_allowed=False).told())
    assert "missing" in told
    assert not any(subject in told for subject in SUBJECTS)
