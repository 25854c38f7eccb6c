"""What a peer does to one event is what the product does to it, and what an independent count of
whole columns says."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.columns import COLUMNS
from benchmarks.peers.feed import Feed
from benchmarks.peers.insert import counted
from benchmarks.peers.job import WINDOW_MS, Job, presence, read_job
from benchmarks.peers.work import NO_CONSENT, NOT_TAKEN, OFF_SCREEN, PASSED, Event, Work
from events.vocabulary import Action
from tests.benchmarks.peers_made import job_for, small_feed

EVENT: Event = {
    "subject": "ann",
    "team": "design",
    "session": "00ff",
    "batch": "ff00",
    "sequence": 3,
    "index": 7,
    "application": "browser",
    "surface": 0,
    "origin": 1,
    "screen_width_px": 1_920,
    "screen_height_px": 1_080,
    "time_ms": 1_000_019,
    "action": int(Action.MOVE),
    "x_px": 1_919,
    "y_px": 7,
    "detail": -2,
    "role": 4,
}


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    return small_feed(tmp_path_factory.mktemp("recordings") / "made")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(
        kafka_servers="127.0.0.1:1",
        clickhouse_url="http://127.0.0.1:2",
        partitions=4,
        granted=("ann",),
        actions=(0, 1, 2, 3, 4),
        pointer_actions=(0, 1, 2, 3),
        applications=("browser",),
        grid_px=4,
        tick_ms=10,
        key="00" * 32,
        folder=str(tmp_path),
    )


@pytest.mark.parametrize(
    ("change", "fate"),
    [
        ({}, PASSED),
        ({"subject": "bob"}, NO_CONSENT),
        ({"action": int(Action.PAUSE)}, NOT_TAKEN),
        ({"x_px": 1_920}, OFF_SCREEN),
        ({"y_px": 1_080}, OFF_SCREEN),
        ({"x_px": 65_535, "action": int(Action.KEY_DOWN)}, PASSED),
    ],
)
def test_an_event_passes_or_there_is_a_reason(job: Job, change: dict[str, Any], fate: str) -> None:
    assert Work(job).judge({**EVENT, **change}) == fate


def test_a_row_is_at_grid_and_tick_and_names_nobody(job: Job) -> None:
    row = dict(zip(COLUMNS, Work(job).row(EVENT), strict=True))
    assert (row["x_px"], row["y_px"], row["time"]) == (1_916, 4, 1_000_010)
    assert (row["sequence"], row["index"], row["detail"], row["role"]) == (3, 7, -2, 4)
    assert row["application"] == "browser"
    assert not {"ann", "00ff", "ff00"} & set(map(str, row.values()))


def test_an_application_that_is_not_on_the_list_is_other(job: Job) -> None:
    row = dict(zip(COLUMNS, Work(job).row({**EVENT, "application": "home-made"}), strict=True))
    assert row["application"] == "other"


def test_an_identity_hangs_on_key_kind_and_value(job: Job) -> None:
    other_key = Job(**{**{n: getattr(job, n) for n in Job.__slots__}, "key": "01" * 32})
    same = {**EVENT, "session": EVENT["subject"], "batch": EVENT["subject"]}
    ids = {Work(each).row(same)[place] for each in (job, other_key) for place in (0, 1, 4)}
    assert len(ids) == 6
    assert Work(job).row(EVENT)[:2] == Work(job).row(EVENT)[:2]


def test_the_independent_count_is_what_single_events_lead_to(feed: Feed, tmp_path: Path) -> None:
    work, expected = Work(job_for(feed, tmp_path)), feed.expected
    events = [json.loads(message.value) for message in feed.messages]
    fates = [work.judge(event) for event in events]
    passed = [event for event, fate in zip(events, fates, strict=True) if fate == PASSED]
    rows = [dict(zip(COLUMNS, work.row(event), strict=True)) for event in passed]
    windows = Counter(
        (event["team"], event["time_ms"] // WINDOW_MS * WINDOW_MS)
        for event in passed
        if event["time_ms"] < feed.until_ms
    )
    assert Counter(fates) == expected.fates
    assert windows == expected.windows
    assert len(rows) == expected.rows > 3_000
    assert len({row["pseudonym"] for row in rows}) == expected.people
    assert len({row["session"] for row in rows}) == expected.sessions
    for name, column in {
        "x_px": "x_px",
        "y_px": "y_px",
        "detail": "detail",
        "time_ms": "time",
    }.items():
        assert sum(row[column] for row in rows) == getattr(expected, name)
    assert len({(row["batch"], row["index"]) for row in rows}) == len(rows)


def test_the_job_is_read_as_it_was_written(job: Job, tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    job.write(file)
    assert read_job(file) == job
    assert read_job(file).clickhouse["port"] == 2


def test_a_process_tells_that_it_takes_part(job: Job) -> None:
    present = presence(job, "worker-1")
    assert not present.file.exists()
    present.tell()
    assert present.file.exists()


def test_accounts_count_by_partition_and_fate_under_the_first_offset() -> None:
    judged = [(0, 9, PASSED), (0, 8, PASSED), (1, 8, PASSED), (0, 10, NO_CONSENT)]
    assert sorted(counted(judged)) == [
        (0, 8, NO_CONSENT, 1),
        (0, 8, PASSED, 2),
        (1, 8, PASSED, 1),
    ]
