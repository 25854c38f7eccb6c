"""Whose rows were erased has none in any table, they come in by no way, and the books add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from events.settings import Settings
from sinks.erase import AT_ONCE, Erasing
from sinks.erased import ANALYTICS, TRAINING, Erased, OfPeople, sizes
from sinks.prove import prove
from sinks.sql import Placement
from tests.sinks.fakes import FakeClient
from tests.sinks.made import org, run_of
from tests.sinks.test_identity import contents, insert

BATCHES = org(people=5, batches_each=4)
RUN = run_of(BATCHES, partitions=2, take=3)
#: What the rows of two people are called, by table (``tests/sinks/made.py``).
GONE = {TRAINING: [1_001, 1_003], ANALYTICS: [3_001, 3_003]}
MANY = list(range(10**9, 10**9 + AT_ONCE))


@pytest.fixture
def books(tables: Any) -> Iterator[Any]:
    """The tables, in which nobody was erased before."""
    for each in GONE:
        tables.command(f"TRUNCATE TABLE {each.people}")
        tables.command(f"TRUNCATE TABLE {each.batches}")
    yield tables
    for each in GONE:
        tables.command(f"TRUNCATE TABLE {each.people}")
        tables.command(f"TRUNCATE TABLE {each.batches}")


def erasing(client: Any, of_people: OfPeople) -> Erasing:
    client.command(f"SYSTEM START MERGES {of_people.table}")
    return Erasing(client, of_people, Placement())


def erase(client: Any) -> None:
    for of_people, ids in GONE.items():
        one = erasing(client, of_people)
        one.keep_out(ids)
        one.note_batches(ids)
        one.delete(ids)


def rows_of(client: Any, of_people: OfPeople) -> int:
    return sum(Erasing(client, of_people, Placement()).rows(GONE[of_people]).values())


def faults(client: Any) -> list[str]:
    return [check.name for check in prove(client, Settings())[0] if not check.ok]


@pytest.mark.service
@pytest.mark.parametrize("of_people", [TRAINING, ANALYTICS])
def test_who_was_erased_has_no_row_and_everybody_else_keeps_all(
    books: Any, of_people: OfPeople
) -> None:
    insert(books, RUN)
    place = [name for name, _ in _columns(books, of_people)].index("pseudonym")
    expected = [
        row for row in contents(books)[of_people.table] if row[place] not in GONE[of_people]
    ]
    assert rows_of(books, of_people)
    erase(books)
    assert rows_of(books, of_people) == 0
    assert contents(books)[of_people.table] == expected


def _columns(client: Any, of_people: OfPeople) -> list[tuple[str, str]]:
    return [tuple(row[:2]) for row in client.query(f"DESCRIBE {of_people.table}").result_rows]


@pytest.mark.service
def test_the_books_add_up_after_an_erasure_and_still_show_what_was_lost(books: Any) -> None:
    insert(books, RUN)
    assert faults(books) == []
    erase(books)
    assert faults(books) == []
    books.command("DELETE FROM training.interactions WHERE pseudonym = 1002")
    assert "batches in training.interactions" in faults(books)


@pytest.mark.service
def test_what_is_loaded_again_brings_nothing_back_and_the_books_add_up(books: Any) -> None:
    insert(books, RUN)
    erase(books)
    insert(books, RUN)
    assert [rows_of(books, each) for each in GONE] == [0, 0]
    assert faults(books) == []


@pytest.mark.service
def test_rows_that_were_under_way_never_come_in_and_are_accounted_for(books: Any) -> None:
    """Nothing of them was in the table when they were erased."""
    for of_people, ids in GONE.items():
        erasing(books, of_people).keep_out(ids)
    insert(books, RUN)
    assert [rows_of(books, each) for each in GONE] == [0, 0]
    assert faults(books) == []


@pytest.mark.service
def test_an_erasure_that_is_done_again_changes_nothing(books: Any) -> None:
    insert(books, RUN)
    erase(books)
    before = contents(books)
    erase(books)
    assert contents(books) == before
    assert faults(books) == []


@pytest.mark.service
def test_a_thousand_people_cost_one_mutation_a_table(books: Any) -> None:
    insert(books, RUN)
    one = erasing(books, TRAINING)
    (mutation,) = one.delete([*GONE[TRAINING], *MANY[: AT_ONCE - 2]])
    assert mutation.is_done
    assert rows_of(books, TRAINING) == 0
    assert len(one.delete([*GONE[TRAINING], *MANY])) == 2


def test_an_insert_asks_each_time_who_was_erased() -> None:
    client = FakeClient()
    insert(client, RUN)
    everybody = client.rows()["training.interactions"]
    client.inserted.clear()
    client.erased = {each.people: set(ids) for each, ids in GONE.items()}
    insert(client, RUN)
    assert client.rows()["training.interactions"] < everybody
    noted = [name for name, _ in client.inserted if name.endswith("erased_batches")]
    assert sorted(noted) == ["analytics.erased_batches", "training.erased_batches"]


def test_what_is_kept_out_is_noted_before_the_rest_is_inserted() -> None:
    """A stop in between then leaves sizes of batches that come again, never rows without sizes."""
    client = FakeClient(erased={TRAINING.people: {7}})
    rows = pa.table({
        "pseudonym": pa.array([7, 8, 7], pa.uint64()),
        "batch": pa.array([1, 2, 1], pa.uint64()),
        "time": pa.array([86_400_000, 0, 86_400_001], pa.timestamp("ms", "UTC")),
    })  # fmt: skip
    sifted = Erased(client).kept_out(TRAINING.table, rows)
    assert list(sifted) == [TRAINING.batches, TRAINING.table]
    (noted,) = sifted[TRAINING.batches].to_pylist()
    assert (noted["batch"], noted["events"], noted["rows"], noted["day"].toordinal()) == (
        1, 2, 2, 719_164,
    )  # fmt: skip
    assert sifted[TRAINING.table]["pseudonym"].to_pylist() == [8]


def test_a_partial_counts_with_the_events_it_stands_for() -> None:
    rows = pa.table({
        "batch": pa.array([1, 1, 2], pa.uint64()),
        "event_count": pa.array([3, 4, 5], pa.uint32()),
        "window_start": pa.array([86_400 * 3 + 60, 86_400 * 3, 86_340], pa.uint32()),
    })  # fmt: skip
    noted = {row["batch"]: row for row in sizes(ANALYTICS, rows).to_pylist()}
    assert (noted[1]["events"], noted[1]["rows"], noted[1]["day"].day) == (7, 2, 4)
    assert (noted[2]["events"], noted[2]["rows"], noted[2]["day"].day) == (5, 1, 1)
