"""The people of a simulated organisation."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from events.batch import is_identifier
from producers.simulation.organisation import UNLISTED_APPLICATION, organisation
from tests.producers_simulation.organisations import POLICY, config


@given(st.integers(1, 300), st.integers(1, 30), st.integers(0, 99))
def test_everyone_is_in_a_team_and_no_team_is_empty(employees: int, teams: int, seed: int) -> None:
    teams = min(teams, employees)
    people = organisation(config(employees=employees, teams=teams, seed=seed), POLICY)
    sizes = np.bincount(people.team, minlength=teams)
    assert len(sizes) == teams == len(people.teams)
    assert sizes.min() >= 1
    assert sizes.sum() == employees == len(people)


@given(st.integers(0, 500))
def test_some_teams_are_too_small_for_a_report_and_most_are_not(seed: int) -> None:
    people = organisation(config(employees=400, teams=12, seed=seed), POLICY)
    sizes = np.bincount(people.team)
    smallest_group = POLICY.purposes[next(iter(POLICY.purposes))].smallest_group
    assert 2 <= (sizes < smallest_group).sum() <= 6


def test_people_and_teams_are_named_as_simulated() -> None:
    people = organisation(config(employees=30, teams=6), POLICY)
    assert people.subjects[0] == "sim-000001"
    assert people.subjects[-1] == "sim-000030"
    assert people.teams[0] == "sim-team-01"
    assert all(is_identifier(team) for team in people.teams)
    assert len(set(people.subjects)) == 30


def test_each_team_has_its_own_mix_of_the_allowed_applications_and_a_little_of_another() -> None:
    people = organisation(config(employees=30, teams=6), POLICY)
    shares = np.diff(people.mix, prepend=0, append=1, axis=1)
    assert people.applications[:-1] == POLICY.applications
    assert people.applications[-1] == UNLISTED_APPLICATION
    assert UNLISTED_APPLICATION not in POLICY.applications
    assert is_identifier(UNLISTED_APPLICATION)
    assert np.allclose(shares[:, -1], 0.02, atol=1e-5)
    assert (shares >= -1e-6).all()
    assert len(np.unique(shares.round(4), axis=0)) == 6
