"""At a chosen speed everything comes when it is due, in the order of time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.clock import MS_PER_S, FixedClock
from producers.pacing import MAX_STEP_MS, merged, paced

_TIMELINES = st.lists(st.lists(st.integers(-1_000, 10_000_000), max_size=20), max_size=5)


@given(_TIMELINES)
@settings(deadline=None)
def test_merging_keeps_every_timelines_own_order(timelines: list[list[int]]) -> None:
    named = [
        [(at, (nth, step)) for step, at in enumerate(times)] for nth, times in enumerate(timelines)
    ]
    out = list(merged(named))
    assert [due for due, _ in out] == sorted(due for due, _ in out)
    for nth, times in enumerate(timelines):
        assert [step for _, (which, step) in out if which == nth] == list(range(len(times)))


def test_a_step_back_waits_for_nothing_and_a_long_break_is_cut_short() -> None:
    timeline = [(100, "a"), (50, "back"), (60, "on"), (10**15, "garbled"), (70, "mended")]
    late = 110 + MAX_STEP_MS
    assert [due for due, _ in merged([timeline])] == [100, 100, 110, late, late]


@pytest.mark.parametrize("speed", [0.5, 1.0, 100.0])
def test_each_item_comes_when_it_is_due(speed: float) -> None:
    clock = FixedClock(0)

    def sleep(seconds: float) -> None:
        clock.at_ms += max(1, round(seconds * MS_PER_S))

    timeline = [(0, "a"), (1_000, "b"), (1_000, "c"), (4_000, "d")]
    came = [(item, clock.at_ms) for item in paced(timeline, speed, clock, sleep, lambda: False)]
    due = {"a": 0, "b": 1_000 / speed, "c": 1_000 / speed, "d": 4_000 / speed}
    assert all(0 <= at - due[item] <= 1 for item, at in came)
    assert [item for item, _ in came] == ["a", "b", "c", "d"]


def test_being_asked_to_stop_ends_it_in_the_middle_of_a_wait() -> None:
    naps: list[float] = []
    timeline = [(0, "a"), (3_600_000, "b")]
    came = list(paced(timeline, 1.0, FixedClock(0), naps.append, lambda: len(naps) >= 3))
    assert came == ["a"]
    assert len(naps) == 3
