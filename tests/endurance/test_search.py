"""Which rate counts as carried, and when all is as usual again: from what was seen alone."""

from __future__ import annotations

from dataclasses import replace

from tests.endurance.outage import _first_rows_s, _rows, _usual
from tests.endurance.soak import is_carried
from tests.endurance.watch import Sight


def seen(at_s: int, events: int, lag_s: float | None = 1.0, rows: int = 0) -> Sight:
    return Sight(float(at_s), float(at_s), events, events, lag_s, rows)


def test_a_rate_is_carried_if_it_was_made_and_nothing_waits() -> None:
    assert is_carried([seen(at_s, 1_000 * at_s) for at_s in range(20)], 1_000)


def test_a_rate_is_carried_whenever_the_producer_last_spoke() -> None:
    late = [replace(seen(at_s, 1_000 * at_s), at_s=at_s + at_s / 10) for at_s in range(20)]
    assert is_carried(late, 1_000)


def test_a_rate_that_the_producer_cannot_make_is_not_carried() -> None:
    assert not is_carried([seen(at_s, 900 * at_s) for at_s in range(20)], 1_000)


def test_a_rate_at_which_messages_wait_or_nobody_says_so_is_not_carried() -> None:
    assert not is_carried([seen(at_s, 1_000 * at_s, at_s) for at_s in range(20)], 1_000)
    assert not is_carried([seen(at_s, 1_000 * at_s, None) for at_s in range(20)], 1_000)


def test_all_is_usual_only_after_several_looks_in_a_row() -> None:
    is_usual = _usual(5.0)
    told = [is_usual(seen(0, 0, lag_s)) for lag_s in (1, 1, 9, 1, 1, None, 1, 2, 3, 4, 5)]
    assert told == [False] * 10 + [True]


def test_rows_are_counted_also_where_a_loader_began_anew() -> None:
    rows = [seen(at_s, 0, rows=rows) for at_s, rows in enumerate((50, 50, 70, 10, 30))]
    assert _rows(rows) == 20 + 10 + 20
    assert _first_rows_s(rows) == 2
    assert _first_rows_s(rows[:2]) == 1
