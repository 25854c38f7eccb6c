"""Replaying sends every event once, in each person's order, the same every time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from events.batch import InteractionBatch
from events.clock import MS_PER_DAY, FixedClock
from events.codec import Codec
from events.errors import InputError
from events.vocabulary import Origin, Surface
from producers.find_recordings import find_recordings
from producers.recordings import MAX_EXAMPLES
from producers.replay import ReplayPlan, ReplayReport, replay
from tests.producers.recorded import balabit_session
from tests.strategies import record_of

CLOCK = FixedClock(1_795_300_000_000)
PLAN = ReplayPlan(first_ms=CLOCK.at_ms - 10 * MS_PER_DAY, team="balabit", batch_events=4)


@dataclass
class Published:
    batches: list[InteractionBatch] = field(default_factory=list)

    def publish(self, batch: InteractionBatch) -> None:
        self.batches.append(batch)

    @property
    def messages(self) -> list[bytes]:
        codec = Codec()
        return [codec.encode("interaction_batch", record_of(batch)) for batch in self.batches]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two people with two sessions of 10 events each, and a third with one and a bad row."""
    rows = [f"0,{second},NoButton,Move,{second},5" for second in range(10)]
    for user in ("user1", "user2"):
        for session in ("session_1", "session_2"):
            balabit_session(tmp_path, user, session, rows)
    balabit_session(tmp_path, "user3", "session_1", [*rows, "nonsense"])
    return tmp_path


def played(folder: Path, plan: ReplayPlan = PLAN) -> tuple[Published, ReplayReport]:
    published = Published()

    def sleep(seconds: float) -> None:
        clock.at_ms += max(1, round(seconds * 1_000))

    clock = replace(CLOCK)
    report = replay(find_recordings(folder), published, plan, clock=clock, sleep=sleep)
    return published, report


def test_the_report_counts_what_was_sent_and_what_was_not_readable(folder: Path) -> None:
    published, report = played(folder)
    assert (report.subjects, report.sessions) == (3, 5)
    assert report.events_sent == sum(map(len, published.batches)) == 50
    assert report.batches_sent == len(published.batches) == 15
    assert report.unreadable_rows == 1
    assert [(bad.path, bad.line) for bad in report.examples] == [
        (folder / "user3" / "session_1", 12)
    ]
    assert not report.stopped


def test_batches_say_what_they_are(folder: Path) -> None:
    published, _ = played(folder, replace(PLAN, application="crm"))
    header = published.batches[0].header
    assert (header.surface, header.origin) == (Surface.DESKTOP, Origin.REPLAY)
    assert (header.team, header.application) == ("balabit", "crm")
    assert (header.screen_width_px, header.screen_height_px) == (1920, 1080)


def test_people_take_turns_session_by_session_and_each_keeps_their_order(folder: Path) -> None:
    published, _ = played(folder)
    turns = [(batch.header.subject, batch.header.base_time_ms) for batch in published.batches]
    sessions = list(dict.fromkeys((who, (at - PLAN.first_ms) // MS_PER_DAY) for who, at in turns))
    assert sessions == [("user1", 0), ("user2", 0), ("user3", 0), ("user1", 1), ("user2", 1)]


def test_replaying_again_sends_the_same_bytes(folder: Path) -> None:
    assert played(folder)[0].messages == played(folder)[0].messages


def test_at_a_speed_the_same_batches_come_side_by_side_and_take_their_time(folder: Path) -> None:
    published, report = played(folder, replace(PLAN, speed=2.0))
    assert sorted(published.messages) == sorted(played(folder)[0].messages)
    assert len({batch.header.session for batch in published.batches[:5]}) == 5
    assert 4.5 <= report.seconds < 4.7  # the last event is 9 s in


def test_it_stops_after_the_batch_in_hand_when_asked(folder: Path) -> None:
    published = Published()
    told: list[int] = []
    report = replay(
        find_recordings(folder),
        published,
        PLAN,
        on_progress=told.append,
        stopped=lambda: len(told) >= 2,
        clock=CLOCK,
    )
    assert report.stopped
    assert report.events_sent == sum(told) == sum(map(len, published.batches)) == 8


def test_a_future_start_is_refused_before_anything_is_sent(folder: Path) -> None:
    published = Published()
    with pytest.raises(InputError, match="future"):
        replay(find_recordings(folder), published, replace(PLAN, first_ms=CLOCK.at_ms), clock=CLOCK)
    assert published.batches == []


def test_examples_are_limited_over_all_files_but_everything_is_counted(tmp_path: Path) -> None:
    for number in range(3):
        balabit_session(tmp_path, "user1", f"session_{number}", ["bad"] * 15)
    _, report = played(tmp_path)
    assert report.unreadable_rows == 45
    assert len(report.examples) == MAX_EXAMPLES


def test_the_sessions_own_time_steps_are_kept(folder: Path) -> None:
    published, _ = played(folder)
    times = np.concatenate([batch.times_ms() for batch in published.batches[:3]])
    assert (times - PLAN.first_ms).tolist() == [second * 1_000 for second in range(10)]
