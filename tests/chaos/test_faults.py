"""A seed is a schedule: the same one every time, and all of them together meet everything."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.chaos.faults import Fault, Kind, Schedule, schedule_of

SEEDS = range(1, 51)
#: What lies in the input is no part of a schedule.
INFLICTED = list(Kind)[: list(Kind).index(Kind.REPEATED)]


def kinds(*, real_kafka: bool = False) -> Counter[Kind]:
    schedules = (schedule_of(seed, real_kafka=real_kafka) for seed in SEEDS)
    return Counter(fault.kind for schedule in schedules for fault in schedule.faults)


@pytest.mark.parametrize("real_kafka", [False, True])
def test_a_seed_has_one_schedule(real_kafka: bool) -> None:
    for seed in SEEDS:
        once, again = (schedule_of(seed, real_kafka=real_kafka) for _ in range(2))
        assert once == again
    assert len({schedule_of(seed, real_kafka=real_kafka) for seed in SEEDS}) == len(SEEDS)


def test_fifty_seeds_have_every_fault_several_times() -> None:
    assert all(kinds()[kind] >= 3 for kind in INFLICTED if kind is not Kind.BROKER_KILLED)
    assert kinds()[Kind.BROKER_KILLED] == 0, "the embedded broker would lose what it holds"


def test_every_seed_kills_a_real_broker_and_differs_in_nothing_else() -> None:
    for seed in SEEDS:
        embedded, real = (schedule_of(seed, real_kafka=which) for which in (False, True))
        killed = [fault for fault in real.faults if fault.kind is Kind.BROKER_KILLED]
        assert killed
        assert [fault for fault in real.faults if fault not in killed] == list(embedded.faults)


def test_faults_come_while_something_is_published() -> None:
    for seed in SEEDS:
        schedule = schedule_of(seed, real_kafka=True)
        assert all(0 < fault.at_s < schedule.publish_s for fault in schedule.faults)


def test_ten_seeds_have_what_each_broken_build_is_found_by() -> None:
    first = [schedule_of(seed, real_kafka=False) for seed in SEEDS[:10]]
    assert sum(map(is_killed_with_a_block, first)) >= 3
    assert sum(bool(schedule.silences) for schedule in first) >= 3
    restarts = (Kind.WORKER_KILLED, Kind.WORKER_LEFT)
    assert sum(any(f.kind in restarts for f in schedule.faults) for schedule in first) >= 3


def is_killed_with_a_block(schedule: Schedule) -> bool:
    """Whether a loader is killed while ClickHouse refuses its rows."""

    def meets(refusing: Fault, killed: Fault) -> bool:
        return refusing.at_s < killed.at_s < refusing.at_s + refusing.for_s

    refusing = [fault for fault in schedule.faults if fault.kind is Kind.CLICKHOUSE_REFUSING]
    killed = [fault for fault in schedule.faults if fault.kind is Kind.LOADER_KILLED]
    return any(meets(one, other) for one in refusing for other in killed)
