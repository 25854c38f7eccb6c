"""deploy/SIZING.md says what follows from its assumptions."""

from __future__ import annotations

import pytest

from benchmarks import sizing
from benchmarks.sizing import Size, rows
from tests.documents import ROOT

TEXT = (ROOT / "deploy/SIZING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("row", list(rows()))
def test_every_row_of_the_table_is_the_one_that_is_computed(row: str) -> None:
    assert row in TEXT


def test_the_table_has_no_other_rows() -> None:
    table = TEXT[TEXT.index(next(rows())) :].split("\n\n")[0]
    assert table.splitlines() == list(rows())


@pytest.mark.parametrize(
    "name",
    [name for name in vars(sizing) if name.isupper() and name[0] != "_" and name != "MS_PER_DAY"],
)
def test_every_assumption_and_measurement_stands_in_the_text(name: str) -> None:
    value = getattr(sizing, name)
    if isinstance(value, float | int):
        shown = {5 / 7: "5 of 7", 10e12: "10 TB", 0.7: "70 %"}.get(value, f"{value:,g}")
        if value >= 10_000 and value != sizing.SHARD_BYTES:
            shown = f"{value:,}"
        assert shown in TEXT, (name, shown)


def test_ten_times_the_people_are_ten_times_the_bytes() -> None:
    one, ten = Size(1_000), Size(10_000)
    for what in ("kafka_bytes", "training_bytes", "analytics_bytes", "rows_a_day"):
        assert getattr(ten, what) == pytest.approx(10 * getattr(one, what))


def test_there_are_always_at_least_as_many_partitions_as_workers() -> None:
    for employees in (10, 1_000, 5_000, 50_000, 100_000, 200_000):
        size = Size(employees)
        assert size.partitions >= size.workers
