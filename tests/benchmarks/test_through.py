"""What is attacked is what the product's tables hold."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.reidentification.granularity import GRANULARITIES, RAW, Granularity
from benchmarks.reidentification.link import minutes_of_rows
from benchmarks.reidentification.run import default_granularity
from benchmarks.reidentification.sessions import MEASURES, Session, sessions_of
from benchmarks.reidentification.through import NOW_MS, pipeline_for, policy_at
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import Purpose
from events.vocabulary import Action
from producers.find_recordings import find_recordings
from producers.recordings import Recording
from tests.benchmarks.made import write_recordings

COARSE = Granularity(16, 50)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    folder = write_recordings(tmp_path_factory.mktemp("made"), [400, 900], sessions=2, actions=40)
    return find_recordings(folder)


@pytest.mark.parametrize("granularity", GRANULARITIES, ids=lambda each: each.name)
def test_every_setting_is_one_the_policy_can_have_and_changes_nothing_else(
    granularity: Granularity,
) -> None:
    ours, found = load_policy(BUNDLED_POLICY), policy_at(granularity)
    for purpose, limits in found.purposes.items():
        assert (limits.grid_px, limits.tick_ms) == (granularity.grid_px, granularity.tick_ms)
        same = {"grid_px", "tick_ms"}
        assert limits.model_dump(exclude=same) == ours.purposes[purpose].model_dump(exclude=same)


def test_the_policys_own_setting_is_among_those_compared() -> None:
    assert default_granularity() in GRANULARITIES
    assert (
        policy_at(default_granularity()).purposes[Purpose.AGENT_TRAINING]
        == (load_policy(BUNDLED_POLICY).purposes[Purpose.AGENT_TRAINING])
    )


def test_raw_rows_are_the_recordings_own_events(recordings: list[Recording]) -> None:
    for session, recording in zip(sessions_of(recordings, RAW), recordings, strict=True):
        events = recording.read().columns
        for name in ("time_ms", "action", "x_px", "y_px", "detail"):
            own = events.times_ms if name == "time_ms" else getattr(events, name)
            assert np.array_equal(getattr(session, name), own), name


def test_coarse_rows_are_the_raw_ones_cut_down_to_grid_and_tick(
    recordings: list[Recording],
) -> None:
    pairs = zip(sessions_of(recordings, RAW), sessions_of(recordings, COARSE), strict=True)
    for raw, coarse in pairs:
        assert np.array_equal(coarse.x_px, raw.x_px // 16 * 16)
        assert np.array_equal(coarse.y_px, raw.y_px // 16 * 16)
        assert np.array_equal(coarse.time_ms, raw.time_ms // 50 * 50)
        assert np.array_equal(coarse.action, raw.action)


def test_the_rows_of_a_session_add_up_to_the_other_purposes_partials(
    recordings: list[Recording],
) -> None:
    for session in sessions_of(recordings, COARSE):
        minutes, sums = minutes_of_rows(session)
        assert np.array_equal(minutes, session.minutes)
        assert np.array_equal(sums, session.measures)


def test_without_moves_team_analytics_have_none_and_the_rows_still_add_up(
    recordings: list[Recording],
) -> None:
    for session in sessions_of(recordings, COARSE, without=("move",)):
        assert session.measures[:, MEASURES.index("move_count")].sum() == 0
        assert np.count_nonzero(session.action == Action.MOVE) > 0
        minutes, sums = minutes_of_rows(session, (Action.MOVE,))
        assert np.array_equal(minutes, session.minutes)
        assert np.array_equal(sums, session.measures)


def test_who_has_not_agreed_has_no_rows(recordings: list[Recording]) -> None:
    with pytest.raises(KeyError):
        pipeline_for(["somebody else"], RAW).carry(recordings[0])


def test_people_and_sessions_are_numbered_in_the_order_of_the_recordings(
    recordings: list[Recording],
) -> None:
    found: list[Session] = sessions_of(recordings, RAW)
    assert [(each.person, each.number) for each in found] == [(0, 0), (0, 1), (1, 2), (1, 3)]
    assert all(each.minutes[0] == 0 for each in found)
    assert max(int(each.time_ms[-1]) for each in found) < NOW_MS
