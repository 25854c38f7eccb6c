"""Working hours."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from events.clock import MS_PER_HOUR
from producers.simulation.hours import CLOSES_MS, OPENS_MS, SLICE_MS, hours_of, windows
from producers.simulation.organisation import organisation
from tests.producers_simulation.organisations import POLICY, config

_SEEDS = st.integers(0, 10_000)


@given(_SEEDS, st.integers(0, 20))
def test_a_day_goes_from_arrival_over_lunch_to_leaving(seed: int, day: int) -> None:
    hours = hours_of(organisation(config(seed=seed, employees=200), POLICY), day)
    assert (hours.arrives_ms >= OPENS_MS).all()
    assert (hours.arrives_ms <= hours.lunch_ms).all()
    assert (hours.lunch_ms < hours.returns_ms).all()
    assert (hours.returns_ms <= hours.leaves_ms).all()
    assert (hours.leaves_ms <= CLOSES_MS).all()
    assert (hours.worked_ms() <= 12 * MS_PER_HOUR).all()


@given(_SEEDS)
def test_lunch_is_longer_than_a_slice_so_nobody_is_at_work_twice_in_one(seed: int) -> None:
    hours = hours_of(organisation(config(seed=seed, employees=200), POLICY), 0)
    assert (hours.returns_ms - hours.lunch_ms > SLICE_MS).all()


@given(_SEEDS, st.integers(0, 100), st.integers(1, 150))
def test_the_windows_of_all_slices_add_up_to_the_hours_worked(
    seed: int, begin: int, length: int
) -> None:
    people = organisation(config(seed=seed, employees=150), POLICY)
    hours = hours_of(people, 0)
    members = slice(begin, min(150, begin + length))
    worked = np.zeros(150, np.int64)
    for start_ms in range(OPENS_MS, CLOSES_MS, SLICE_MS):
        present = windows(hours, members, start_ms)
        assert ((present.start_ms >= 0) & (present.end_ms <= SLICE_MS)).all()
        assert (present.start_ms < present.end_ms).all()
        assert (np.diff(present.person) > 0).all()
        middle = start_ms + (present.start_ms + present.end_ms) // 2
        assert ((middle > hours.lunch_ms[present.person]) == (present.half == 1)).all()
        worked[present.person] += present.end_ms - present.start_ms
    assert (worked[members] == hours.worked_ms()[members]).all()
    assert worked.sum() == worked[members].sum()


def test_part_timers_work_half_days_or_not_at_all() -> None:
    people = organisation(config(employees=500), POLICY)
    worked = hours_of(people, 0).worked_ms() / MS_PER_HOUR
    assert 0.1 < people.part_time.mean() < 0.3
    assert worked[people.part_time].max() < 7
    assert (worked[people.part_time] == 0).any()
    assert 7 < worked[~people.part_time].mean() < 9


def test_a_persons_days_differ() -> None:
    people = organisation(config(employees=50), POLICY)
    assert (hours_of(people, 0).arrives_ms != hours_of(people, 1).arrives_ms).mean() > 0.9
