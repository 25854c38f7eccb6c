"""The backlog: what is known of the oldest message that waits, and whose gauges there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from events.backlog import Backlog, Reach
from events.clock import FixedClock
from events.metrics import LAG_MESSAGES, LAG_SECONDS, REGISTRY
from events.topics import Topic

KEY, OTHER = (Topic.RAW, 0), (Topic.RAW, 1)
NOW_MS = 1_000_000


@pytest.fixture
def clock() -> Iterator[FixedClock]:
    """A clock; no gauge of another test is left before or after."""
    LAG_MESSAGES.clear()
    LAG_SECONDS.clear()
    yield FixedClock(NOW_MS)
    LAG_MESSAGES.clear()
    LAG_SECONDS.clear()


def gauge(name: str, partition: int = 0) -> float | None:
    labels = {"topic": Topic.RAW.value, "partition": str(partition)}
    return REGISTRY.get_sample_value(f"glasshouse_lag_{name}", labels)


def test_a_partition_read_to_its_end_has_nothing_that_waits(clock: FixedClock) -> None:
    backlog = Backlog(clock)
    backlog.look({KEY: Reach(7, 7)})
    assert (gauge("messages"), gauge("seconds")) == (0, 0)


def test_what_came_after_the_end_was_seen_cannot_have_waited_longer(clock: FixedClock) -> None:
    backlog = Backlog(clock)
    backlog.look({KEY: Reach(7, 7)})
    clock.at_ms += 5_000
    backlog.look({KEY: Reach(7, 9)})
    assert (gauge("messages"), gauge("seconds")) == (2, 5)


def test_what_waits_is_younger_than_what_was_handled(clock: FixedClock) -> None:
    backlog = Backlog(clock)
    backlog.handled(KEY, NOW_MS - 60_000)
    backlog.look({KEY: Reach(7, 9)})
    assert gauge("seconds") == 60
    backlog.handled(KEY, NOW_MS - 20_000)
    assert gauge("seconds") == 20


def test_an_older_message_that_is_handled_later_does_not_make_the_rest_older(
    clock: FixedClock,
) -> None:
    backlog = Backlog(clock)
    backlog.handled(KEY, NOW_MS - 20_000)
    backlog.handled(KEY, NOW_MS - 60_000)
    backlog.look({KEY: Reach(7, 9)})
    assert gauge("seconds") == 20


def test_a_process_that_hangs_is_further_behind_at_every_scrape(clock: FixedClock) -> None:
    backlog = Backlog(clock)
    backlog.look({KEY: Reach(7, 7)})
    seen = []
    for _ in range(3):
        clock.at_ms += 15_000
        seen.append(gauge("seconds"))
    assert seen == [15, 30, 45]


def test_a_clock_ahead_of_ours_does_not_hide_what_waits(clock: FixedClock) -> None:
    backlog = Backlog(clock)
    backlog.handled(KEY, NOW_MS + 3_600_000)
    backlog.look({KEY: Reach(7, 9)})
    clock.at_ms += 10_000
    assert gauge("seconds") == 10


def test_of_a_partition_that_was_never_read_nothing_is_claimed(clock: FixedClock) -> None:
    backlog = Backlog(clock)
    backlog.look({KEY: Reach(None, 9), OTHER: Reach(3, None)})
    assert [gauge("messages", p) for p in (0, 1)] == [None, None]
    backlog.look({KEY: Reach(0, 9)})
    assert (gauge("messages"), gauge("seconds")) == (9, None)


def test_gauges_go_with_the_partition_and_come_back_with_it(clock: FixedClock) -> None:
    backlog = Backlog(clock)
    backlog.look({KEY: Reach(7, 7), OTHER: Reach(1, 1)})
    backlog.look({OTHER: Reach(1, 1)})
    assert (gauge("messages"), gauge("seconds")) == (None, None)
    assert gauge("seconds", 1) == 0
    clock.at_ms += 8_000
    backlog.look({KEY: Reach(7, 9), OTHER: Reach(1, 1)})
    assert gauge("seconds") is None, "what was known before it went is not known now"
    backlog.look({})
    assert gauge("messages", 1) is None
