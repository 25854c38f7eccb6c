"""The configuration of a simulation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.clock import MS_PER_DAY, to_datetime
from events.errors import InputError
from producers.simulation.config import check_period, default_start_ms
from producers.simulation.randomness import Stream, generator, identity_generator, uuids
from tests.producers_simulation.organisations import MONDAY_MS, NOW_MS, POLICY, config


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        config(employees=0, days=0, batch_events=5_000, broken_share=2.0, start_ms=MONDAY_MS + 1)
    for name in ("employees", "days", "batch_events", "broken_share", "midnight"):
        assert name in str(caught.value)


def test_shares_of_people_that_exceed_all_people_are_refused() -> None:
    with pytest.raises(InputError, match="must not exceed 1 together"):
        config(never_share=0.5, withdraw_share=0.4, pause_share=0.2)


def test_working_days_leave_out_weekends() -> None:
    days = config(start_ms=MONDAY_MS + 3 * MS_PER_DAY, days=4).workdays_ms
    assert [to_datetime(day).weekday() for day in days] == [3, 4, 0, 1]
    assert days[0] == MONDAY_MS + 3 * MS_PER_DAY


@given(st.integers(0, 10**13), st.integers(1, 500))
def test_the_default_start_is_a_monday_and_all_days_are_past(now_ms: int, days: int) -> None:
    now_ms += 4_000 * MS_PER_DAY
    start_ms = default_start_ms(now_ms, days)
    assert to_datetime(start_ms).weekday() == 0
    assert config(start_ms=start_ms, days=days).end_ms <= now_ms
    assert start_ms <= now_ms - 14 * MS_PER_DAY


def test_days_that_are_not_over_are_refused() -> None:
    with pytest.raises(InputError, match="must be over"):
        check_period(config(), POLICY, MONDAY_MS + MS_PER_DAY - 1)
    check_period(config(), POLICY, MONDAY_MS + MS_PER_DAY)


def test_days_beyond_the_shortest_retention_are_refused() -> None:
    with pytest.raises(InputError, match="190 days"):
        check_period(config(), POLICY, MONDAY_MS + 190 * MS_PER_DAY)
    check_period(config(), POLICY, NOW_MS)


def test_random_numbers_depend_on_seed_stream_and_place_and_on_nothing_else() -> None:
    def draw(seed: int, stream: Stream, *place: int, employees: int = 30) -> int:
        chosen = config(seed=seed, employees=employees)
        return int(generator(chosen, stream, *place).integers(2**62))

    first = draw(1, Stream.ACTIVITY, 3, 4)
    assert first == draw(1, Stream.ACTIVITY, 3, 4, employees=31)
    others = [draw(2, Stream.ACTIVITY, 3, 4), draw(1, Stream.BROKEN, 3, 4)]
    others += [draw(1, Stream.ACTIVITY, 4, 3), draw(1, Stream.ACTIVITY, 3, 5)]
    assert len({first, *others}) == 5


def test_identities_differ_between_configurations_with_the_same_seed() -> None:
    def draw(employees: int) -> bytes:
        return uuids(identity_generator(config(employees=employees), Stream.BATCH_IDS, 0, 0), 2)

    assert draw(30) == draw(30)
    assert draw(30) != draw(31)


def test_identities_are_version_8_uuids() -> None:
    made = uuids(generator(config(), Stream.BATCH_IDS, 0, 0), 50)
    assert len(made) == 800
    assert len({made[at : at + 16] for at in range(0, 800, 16)}) == 50
    for at in range(0, 800, 16):
        assert made[at + 6] >> 4 == 8
        assert made[at + 8] >> 6 == 2
