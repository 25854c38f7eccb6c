"""What retention dropped is told from what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.clock import MS_PER_DAY, FixedClock
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import Purpose
from events.settings import Settings
from sinks.expiry import Period, compared_from, horizon
from sinks.prove import prove
from sinks.reconcile import Check
from tests.sinks.made import DAY_MS, Batch, Sent, accounted, encode, org, partials, run_of, training
from tests.sinks.test_identity import insert

POLICY = load_policy(BUNDLED_POLICY)
DAY = DAY_MS // MS_PER_DAY

#: Longest time between the first event of a batch and its last.
LONGEST_BATCH_MS = 4_095 * 65_535

periods = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 200)), min_size=1, max_size=4)


def _in_order(drawn: list[tuple[int, int]]) -> list[Period]:
    return [(days, start * MS_PER_DAY // 2) for days, start in sorted(drawn, key=lambda it: it[1])]


@given(drawn=periods, now=st.integers(200, 400), row_ms=st.integers(0, 300 * MS_PER_DAY))
def test_a_row_that_any_retention_has_reached_is_on_a_day_up_to_the_horizon_and_no_other(
    drawn: list[tuple[int, int]], now: int, row_ms: int
) -> None:
    known, now_ms = _in_order(drawn), now * MS_PER_DAY // 2
    ends = [*(since for _, since in known[1:]), now_ms]
    day_starts = row_ms // MS_PER_DAY * MS_PER_DAY
    reached = any(
        row_ms + days * MS_PER_DAY <= end for (days, _), end in zip(known, ends, strict=True)
    )
    first_of_its_day = any(
        day_starts + days * MS_PER_DAY <= end for (days, _), end in zip(known, ends, strict=True)
    )
    last = horizon(known, now_ms)
    assert not reached or row_ms // MS_PER_DAY <= last
    assert first_of_its_day == (row_ms // MS_PER_DAY <= last)


@given(
    first_ms=st.integers(0, 300 * MS_PER_DAY),
    length_ms=st.integers(0, LONGEST_BATCH_MS),
    last=st.integers(0, 300),
)
def test_from_the_first_compared_day_on_no_batch_has_lost_a_row(
    first_ms: int, length_ms: int, last: int
) -> None:
    first_day, last_day = first_ms // MS_PER_DAY, (first_ms + length_ms) // MS_PER_DAY
    left = [day for day in range(first_day, last_day + 1) if day > last]
    if left and left[0] != first_day:
        assert left[0] < compared_from(last), "what is left of a batch is not taken for a batch"
    if first_day >= compared_from(last):
        assert left[0] == first_day


def test_before_anything_can_have_expired_all_is_compared() -> None:
    assert horizon([(400, 0)], 399 * MS_PER_DAY) == -1
    assert compared_from(-1) == 0
    assert horizon([(400, 0)], 400 * MS_PER_DAY) == 0


# Against the engine.

OLD = [replace(batch, batch=batch.batch + 1) for batch in org(people=4, batches_each=3)]
YOUNG = [
    replace(batch, batch=batch.batch + 500, base_time_ms=batch.base_time_ms + 60 * MS_PER_DAY)
    for batch in org(people=4, batches_each=3)
]


def at(days_after: int) -> FixedClock:
    """The clock of whoever reconciles, ``days_after`` the day of the old batches."""
    return FixedClock(DAY_MS + days_after * MS_PER_DAY)


def failed(client: Any, clock: FixedClock) -> dict[str, Check]:
    return {each.name: each for each in prove(client, Settings(), clock)[0] if not each.ok}


def drop(client: Any, day: int) -> None:
    """As TTL does it: all rows of a day go."""
    for table, moment in (
        ("training.interactions", "time"),
        ("analytics.window_partials", "window_start"),
    ):
        delete(client, table, f"toUInt32(toDate({moment})) = {day}")


def delete(client: Any, table: str, where: str) -> None:
    client.command(f"SYSTEM START MERGES {table}")
    client.command(f"ALTER TABLE {table} DELETE WHERE {where}", settings={"mutations_sync": 2})


@pytest.mark.service
def test_what_expired_by_retention_is_not_missing_and_what_is_missing_has_not_expired(
    tables: Any,
) -> None:
    insert(tables, run_of([*OLD, *YOUNG]))
    shortest = min(limits.retention_days for limits in POLICY.purposes.values())
    longest = max(limits.retention_days for limits in POLICY.purposes.values())
    assert failed(tables, at(shortest - 10)) == {}
    drop(tables, DAY)
    assert failed(tables, at(longest)) == {}
    checks = prove(tables, Settings(), at(longest))[0]
    expired = {each.name: each.expired for each in checks if each.expired}
    assert expired["batches in training.interactions"] == len(OLD)
    early = failed(tables, at(shortest - 10))
    assert {name for name in early if name.startswith("batches")} == {
        "batches in training.interactions",
        "batches in analytics.window_partials",
    }, "before its retention has ended, what is gone is missing"
    delete(tables, "training.interactions", f"batch = {YOUNG[0].batch}")
    assert "batches in training.interactions" in failed(tables, at(longest - 1 + 30))


@pytest.mark.service
def test_a_batch_over_midnight_of_which_retention_left_the_rest_is_no_fault(tables: Any) -> None:
    night = Batch(1, base_time_ms=DAY_MS + MS_PER_DAY - 25, actions=(0, 0, 0, 1), gap_ms=10)
    minutes = [replace(night, actions=(0, 0)), replace(night, actions=(0, 1))]
    minutes[1] = replace(minutes[1], base_time_ms=DAY_MS + MS_PER_DAY)
    insert(tables, [training([night]), *(partials([each]) for each in minutes)])
    insert(tables, [accounted([night], 0, purpose) for purpose in Purpose])
    assert failed(tables, at(2)) == {}
    drop(tables, DAY)
    assert tables.command("SELECT count() FROM training.interactions") == 2
    longest = max(limits.retention_days for limits in POLICY.purposes.values())
    assert failed(tables, at(longest)) == {}


@pytest.mark.service
def test_a_longer_retention_does_not_bring_back_what_a_shorter_one_dropped(tables: Any) -> None:
    insert(tables, run_of([*OLD, *YOUNG]))
    drop(tables, DAY)
    assert failed(tables, at(20))
    short = [["training.interactions", 5, DAY_MS], ["analytics.window_partials", 5, DAY_MS]]
    rows = ", ".join(
        f"('{table}', {days}, fromUnixTimestamp64Milli({ms}))" for table, days, ms in short
    )
    tables.command(f"INSERT INTO governance.retention (table_name, days, set_at) VALUES {rows}")
    try:
        assert failed(tables, at(20)) == {}
    finally:
        delete(tables, "governance.retention", "days = 5")


@pytest.mark.service
def test_accounts_of_an_older_worker_are_compared_as_before_and_it_is_said(tables: Any) -> None:
    undated = [_undated(message) for message in run_of(OLD)]
    insert(tables, undated)
    longest = max(limits.retention_days for limits in POLICY.purposes.values())
    assert failed(tables, at(longest)) == {}
    drop(tables, DAY)
    details = failed(tables, at(longest))["batches in training.interactions"].details
    assert "by a worker of an older version, without their day" in " ".join(details)


def _undated(message: Sent) -> Sent:
    from events.topics import SPEC, Topic
    from tests.sinks.made import CODEC

    if message.topic is not Topic.ACCOUNTING:
        return message
    record = CODEC.decode(SPEC[message.topic].schema, message.value)
    days = np.zeros(0, "<u2").tobytes()
    return encode(message.topic, message.partition, {**record, "first_day": days})
