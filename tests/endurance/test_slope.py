"""A leak is found, noise is not, and what cannot be told is not called flat."""

from __future__ import annotations

import math
import random

import pytest

from tests.endurance.slope import BIN_S, Series, Verdict, trend

HALF_AN_HOUR_S = 1_800


def series(
    *,
    seconds: int = HALF_AN_HOUR_S,
    leak_mib_per_min: float = 0.0,
    noise_mib: float = 0.0,
    step_mib: float = 0.0,
    swing_mib: float = 0.0,
    base_mib: float = 200.0,
) -> Series:
    """A process of ``base_mib``, once a second. ``swing_mib``: up and down over three minutes."""
    made = random.Random(1)
    return [
        (
            float(at_s),
            base_mib
            + leak_mib_per_min * at_s / 60
            + made.gauss(0, noise_mib)
            + (step_mib if at_s > seconds * 0.6 else 0.0)
            + swing_mib * math.sin(at_s * math.tau / 180),
        )
        for at_s in range(seconds)
    ]


def verdict(found: Series) -> Verdict:
    told = trend(found, warm_up_s=300)
    assert told is not None
    return told.verdict


@pytest.mark.parametrize("noise_mib", [0.0, 2.0, 30.0])
def test_a_leak_of_one_mib_a_minute_is_found(noise_mib: float) -> None:
    assert verdict(series(leak_mib_per_min=1.0, noise_mib=noise_mib)) is Verdict.GROWS


@pytest.mark.parametrize("noise_mib", [0.0, 2.0, 30.0])
def test_noise_is_not_taken_for_a_leak(noise_mib: float) -> None:
    assert verdict(series(noise_mib=noise_mib)) is Verdict.FLAT


def test_a_slow_swing_is_not_taken_for_a_leak() -> None:
    assert verdict(series(swing_mib=10.0)) is Verdict.FLAT


def test_a_small_step_of_an_allocator_is_not_taken_for_a_leak() -> None:
    assert verdict(series(step_mib=3.0, noise_mib=1.0)) is Verdict.FLAT


def test_where_a_leak_would_not_show_it_is_not_called_flat() -> None:
    assert verdict(series(swing_mib=80.0)) is Verdict.UNCLEAR


def test_a_large_process_may_grow_by_a_share_of_itself() -> None:
    assert verdict(series(leak_mib_per_min=1.0, base_mib=1_000.0)) is Verdict.FLAT
    assert verdict(series(leak_mib_per_min=3.0, base_mib=1_000.0)) is Verdict.GROWS


def test_the_slope_and_the_thirds_are_those_of_the_series() -> None:
    found = trend(series(leak_mib_per_min=0.5), warm_up_s=0)
    assert found is not None
    assert found.slope_mib_per_h == pytest.approx(30.0)
    assert found.half_width_mib_per_h == pytest.approx(0.0, abs=0.01)
    assert found.first_mib == pytest.approx(202.5, abs=0.2)
    assert found.last_mib == pytest.approx(212.5, abs=0.2)


def test_the_interval_holds_the_true_slope_as_often_as_it_says() -> None:
    held = 0
    for seed in range(200):
        made = random.Random(seed)
        points = [
            (n * BIN_S + 1, 100 + n * BIN_S / 3_600 * 20 + made.gauss(0, 3)) for n in range(40)
        ]
        found = trend(points, warm_up_s=0)
        assert found is not None
        held += abs(found.slope_mib_per_h - 20) <= found.half_width_mib_per_h
    assert 180 <= held <= 200


def test_growth_before_the_warm_up_is_over_does_not_count() -> None:
    start = [(float(at_s), 100.0 + at_s) for at_s in range(300)]
    rest = [(float(at_s), 400.0) for at_s in range(300, HALF_AN_HOUR_S)]
    assert verdict([*start, *rest]) is Verdict.FLAT


def test_too_short_a_run_has_no_trend() -> None:
    assert trend(series(seconds=400), warm_up_s=300) is None
