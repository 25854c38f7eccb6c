"""Events one a message, or many: all of them, in order, evenly spread, with an end that closes
windows."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from benchmarks.peers.apart import Apart
from benchmarks.peers.feed import Feed, feed_of, workload_of
from benchmarks.peers.job import WINDOW_MS
from benchmarks.throughput.workload import Workload
from events.clock import MS_PER_DAY
from tests.benchmarks.peers_made import LIMITS, PARTITIONS, small_feed
from tests.benchmarks.throughput_made import small_workload


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    return small_workload(tmp_path_factory.mktemp("recordings") / "made", 3_000)


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    return small_feed(tmp_path_factory.mktemp("recordings") / "made")


def test_every_event_is_a_message_and_each_team_has_one_more(
    workload: Workload, feed: Feed
) -> None:
    teams = {message.key for message in feed.messages}
    assert len(feed.messages) == workload.events + len(teams)
    assert feed.events == len(feed.messages)


def test_messages_are_in_the_order_of_event_time(feed: Feed) -> None:
    times_ms = [message.time_ms for message in feed.messages]
    assert times_ms == sorted(times_ms)
    assert times_ms == [json.loads(message.value)["time_ms"] for message in feed.messages]


def test_a_day_later_each_team_has_an_event_that_closes_its_windows(feed: Feed) -> None:
    later = [message for message in feed.messages if message.time_ms >= feed.until_ms]
    assert Counter(message.key for message in later) == dict.fromkeys(
        {message.key for message in feed.messages}, 1
    )
    assert {message.time_ms for message in later} == {feed.until_ms + MS_PER_DAY}
    assert feed.until_ms % WINDOW_MS == 0
    assert all(start_ms < feed.until_ms for _, start_ms in feed.expected.windows)


def test_a_team_is_in_one_partition_and_partitions_have_equal_work() -> None:
    feed = feed_of(workload_of(None, 20_000), LIMITS, PARTITIONS)
    partitions, people = defaultdict(set), defaultdict(set)
    for message in feed.messages:
        partitions[message.key].add(message.partition)
        people[message.partition].add(json.loads(message.value)["subject"])
    assert all(len(each) == 1 for each in partitions.values())
    sizes = [len(people[partition]) for partition in range(PARTITIONS)]
    assert max(sizes) - min(sizes) <= 1
    assert feed.title == "SIMULATED events"


def test_a_batch_is_taken_apart_from_any_event_on(workload: Workload) -> None:
    batch = next(batch for batch in workload.batches() if len(batch) > 3)
    whole = [json.loads(each.value) for each in Apart(batch, 5).messages(PARTITIONS)]
    last = list(Apart(batch, 5, first=len(batch) - 1, shift_ms=7).messages(PARTITIONS))
    assert [event["index"] for event in whole] == list(range(len(batch)))
    assert len(last) == 1
    assert last[0].partition == 5 % PARTITIONS
    told = json.loads(last[0].value)
    assert told["time_ms"] == whole[-1]["time_ms"] + 7
    assert {**told, "time_ms": 0, "batch": 0} == {**whole[-1], "time_ms": 0, "batch": 0}
    assert told["batch"] != whole[-1]["batch"]


def test_many_a_message_are_the_same_events_each_message_of_one_person(workload: Workload) -> None:
    single = feed_of(workload, LIMITS, PARTITIONS)
    many = feed_of(workload, LIMITS, PARTITIONS, together=10)
    messages = [(each, json.loads(each.value)) for each in many.messages]
    sizes = Counter(len(events) for _, events in messages)
    assert max(sizes) == 10
    assert sizes[10] > len(messages) / 2
    assert many.expected == single.expected
    assert many.events == single.events
    events = [json.dumps(event) for _, events in messages for event in events]
    assert Counter(events) == Counter(json.dumps(json.loads(m.value)) for m in single.messages)
    for message, told in messages:
        assert len({event["subject"] for event in told}) == 1
        assert {event["team"].encode() for event in told} == {message.key}
        assert [event["index"] for event in told] == list(
            range(told[0]["index"], told[0]["index"] + len(told))
        )
        assert message.time_ms == told[0]["time_ms"]


def test_recordings_are_called_recorded(tmp_path: Path, workload: Workload) -> None:
    from tests.benchmarks.made import write_recordings

    folder = write_recordings(tmp_path / "made", [600.0], sessions=1, actions=5)
    assert workload_of(folder, 10).title == "recorded events"
