"""What ClickHouse says of dead letters and their copies."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.dead_letters.books import Wanted, at, first_unaccounted, newest, places_of, summary
from events.outcomes import Rejected
from events.purposes import Purpose
from tests.sinks.made import DAY_MS, TOPIC_ID, Batch, accounted, refused, whole
from tests.sinks.test_identity import insert

pytestmark = pytest.mark.service


@pytest.fixture
def books(tables: Any) -> Any:
    """Partition 0: offsets 0 and 1 were refused, 3 is a copy of 1; partition 1: 0 was refused."""
    copied: dict[str, Any] = {"redriven_offset": [3], "redriven_from": [1]}
    for purpose in Purpose:
        insert(tables, [whole(offset, purpose, 0) for offset in (0, 1)])
        insert(tables, [accounted([Batch(1), Batch(2)], 2, purpose, **copied)])
        insert(tables, [whole(0, purpose, 1)])
    insert(tables, [refused([0, 1], Rejected.UNKNOWN_SCHEMA)])
    insert(tables, [refused([0], Rejected.UNDECODABLE, 1)])
    insert(tables, [refused([0], Rejected.UNDECODABLE, 1)])
    return tables


def test_each_letter_stands_once_with_its_copies(books: Any) -> None:
    found = {(one.place, one.reason, one.copies) for one in newest(books, Wanted(), 10)}
    assert found == {
        ((0, 0), "unknown_schema", ()),
        ((0, 1), "unknown_schema", (3,)),
        ((1, 0), "undecodable", ()),
    }
    assert len(newest(books, Wanted(), 2)) == 2


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (Wanted(reasons=(Rejected.UNDECODABLE,)), 1),
        (Wanted(reasons=(Rejected.UNDECODABLE, Rejected.UNKNOWN_SCHEMA)), 3),
        (Wanted(reasons=(Rejected.TOO_LARGE,)), 0),
        (Wanted(partition=0), 2),
        (Wanted(partition=7), 0),
        (Wanted(since_ms=DAY_MS), 3),
        (Wanted(since_ms=DAY_MS + 1), 0),
    ],
)
def test_letters_are_chosen(books: Any, wanted: Wanted, count: int) -> None:
    assert len(newest(books, wanted, 10)) == count
    assert len(places_of(books, wanted, TOPIC_ID)) == count
    assert sum(row[3] for row in summary(books, wanted)) == count


def test_the_summary_counts_by_day_topic_and_reason(books: Any) -> None:
    assert summary(books, Wanted()) == [
        ("2026-09-22", "interactions.raw", "unknown_schema", 2, 1),
        ("2026-09-22", "interactions.raw", "undecodable", 1, 0),
    ]


def test_places_come_in_order_and_only_of_the_topic_that_is_named(books: Any) -> None:
    found = places_of(books, Wanted(), TOPIC_ID)
    assert list(found) == [(0, 0), (0, 1), (1, 0)]
    assert found.copies == {(0, 1): (3,)}
    assert len(places_of(books, Wanted(), "another")) == 0


def test_one_letter_is_found_by_its_place(books: Any) -> None:
    assert [one.copies for one in at(books, (0, 1))] == [(3,)]
    assert at(books, (0, 2)) == []
    assert at(books, (9, 1)) == []


def test_what_the_books_do_not_know_begins_after_the_last_account_or_in_a_gap(books: Any) -> None:
    assert first_unaccounted(books, TOPIC_ID, {0: 0, 1: 0, 2: 6}) == {0: 4, 1: 1, 2: 6}
    insert(books, [accounted([Batch(3)], 9, purpose) for purpose in Purpose])
    assert first_unaccounted(books, TOPIC_ID, {0: 0}) == {0: 4}
    # What Kafka has deleted cannot hold a copy.
    assert first_unaccounted(books, TOPIC_ID, {0: 6}) == {0: 6}
    assert first_unaccounted(books, TOPIC_ID, {0: 9}) == {0: 10}
    assert first_unaccounted(books, "another", {0: 2}) == {0: 2}


def test_what_one_purpose_lacks_is_not_known(books: Any) -> None:
    insert(books, [accounted([Batch(3)], 4, Purpose.AGENT_TRAINING)])
    assert first_unaccounted(books, TOPIC_ID, {0: 0}) == {0: 4}
