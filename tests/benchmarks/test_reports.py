"""The attacks on reports find somebody where sums tell, and nobody where they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.reidentification.granularity import Granularity
from benchmarks.reidentification.learner import Gaussian
from benchmarks.reidentification.link import dense, minutes_of_rows
from benchmarks.reidentification.reports import members, presence
from benchmarks.reidentification.sessions import Session, sessions_of
from benchmarks.reidentification.team_view import alone, partials_of, team_minutes
from benchmarks.reidentification.through import pipeline_for, policy_at
from producers.find_recordings import find_recordings
from tests.benchmarks.made import with_minutes, write_recordings


def people(levels: list[float], minutes: int = 30) -> list[Session]:
    """Four sessions of each person, around a level of their own."""
    draw = np.random.default_rng(0)
    return [
        with_minutes(person, 4 * person + nth, draw.normal(level, 5, (minutes, 6)).tolist())
        for person, level in enumerate(levels)
        for nth in range(4)
    ]


def test_a_person_who_stands_out_shows_in_a_small_team_and_people_who_are_alike_do_not() -> None:
    found = []
    for levels in ([100.0, 100.0, 100.0, 100.0, 500.0], [100.0] * 5):
        sessions = people(levels)
        found.append(presence(sessions[::2], sessions[1::2], people=2, learner=Gaussian(), seed=0))
    assert all(each.shown == 1 for each in found)
    assert found[0].most > 0.99
    assert 0.35 < found[1].auc < 0.65


def test_minutes_below_k_people_are_not_shown_and_tell_nothing() -> None:
    draw = np.random.default_rng(0)
    sessions = []
    for number in range(16):
        one = with_minutes(number // 4, number, draw.normal(100, 5, (3, 6)).tolist())
        sessions.append(one)
        one.minutes[:] += 10 * number  # nobody is active at another's time
    found = presence(sessions[::2], sessions[1::2], people=3, learner=Gaussian(), seed=0)
    assert (found.shown, found.auc) == (0, 0.5)


def test_exact_sums_tell_which_training_rows_belong_to_which_team() -> None:
    rows = np.random.default_rng(0).integers(0, 900, (30, 20, 6)).astype(np.float64)
    teams = [f"team-{place % 3}" for place in range(30)]
    minutes = np.arange(20)
    shown = {
        team: (minutes, rows[[own == team for own in teams]].sum(axis=0))
        for team in sorted(set(teams))
    }
    assert members(rows, shown, teams) == 1
    other = {team: (minutes, sums[::-1]) for team, (minutes, sums) in shown.items()}
    assert members(rows, other, teams) < 0.8


def test_teams_that_show_nothing_are_chance() -> None:
    nothing = (np.empty(0, dtype=np.int64), np.empty((0, 6)))
    found = members(np.ones((8, 5, 6)), {"a": nothing, "b": nothing}, ["a", "b"] * 4)
    assert found == pytest.approx(0.5)


@pytest.mark.service
def test_through_the_products_own_view_a_team_of_k_is_shown_too_roughly_to_tell_its_members(
    tmp_path: Path,
) -> None:
    granularity = Granularity(4, 10)
    recordings = find_recordings(
        write_recordings(tmp_path / "made", [1_500.0] * 3, sessions=9, actions=110, pause_s=8)
    )
    teams: list[str | None] = [f"team-{place % 2}" for place in range(26)] + [None]
    pipeline = pipeline_for([alone(each).subject for each in recordings], granularity)
    partials = partials_of(recordings, teams, pipeline)
    view = team_minutes(partials, policy_at(granularity), tmp_path / "tables")
    assert set(view.shown) == {"team-0", "team-1"}
    assert 0 < view.share <= 1
    rows = dense([minutes_of_rows(session) for session in sessions_of(recordings, granularity)])
    every = np.arange(rows.shape[1])
    own = {name: [team == name for team in teams] for name in view.shown}
    exact = {name: (every, rows[chosen].sum(axis=0)) for name, chosen in own.items()}
    assert members(rows, exact, teams) > 0.8
    assert members(rows, view.shown, teams) < 0.8
