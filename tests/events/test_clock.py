"""The clock: integer milliseconds inside, aware datetimes at the border."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.clock import MS_PER_DAY, MS_PER_S, FixedClock, SystemClock, to_datetime, to_ms
from events.vocabulary import MAX_TIME_MS


@given(at_ms=st.integers(0, MAX_TIME_MS))
def test_a_moment_survives_the_border(at_ms: int) -> None:
    moment = to_datetime(at_ms)
    assert moment.tzinfo is UTC
    assert to_ms(moment) == at_ms


@given(at_ms=st.integers(MS_PER_DAY, MAX_TIME_MS - MS_PER_DAY), hours=st.integers(-12, 14))
def test_a_moment_is_the_same_in_every_zone(at_ms: int, hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    assert to_ms(to_datetime(at_ms).astimezone(zone)) == at_ms


def test_a_known_moment_is_the_known_number() -> None:
    assert to_ms(datetime(2026, 11, 20, 12, tzinfo=UTC)) == 1_795_176_000_000
    assert to_datetime(MS_PER_DAY + 1) == datetime(1970, 1, 2, microsecond=1_000, tzinfo=UTC)


def test_a_time_without_a_zone_is_never_guessed() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_ms(datetime(2026, 11, 20))


def test_the_fixed_clock_stands_still_until_it_is_moved() -> None:
    clock = FixedClock(5_000)
    assert (clock.now_ms(), clock.monotonic_s()) == (5_000, 5.0)
    clock.at_ms += 2 * MS_PER_S
    assert (clock.now_ms(), clock.monotonic_s()) == (7_000, 7.0)


def test_the_system_clock_goes_forward() -> None:
    clock = SystemClock()
    first_ms, first_s = clock.now_ms(), clock.monotonic_s()
    assert isinstance(first_ms, int)
    assert to_datetime(first_ms).year >= 2026
    assert clock.now_ms() >= first_ms
    assert clock.monotonic_s() >= first_s
