"""The attack isolates nobody by the reports, and somebody by plain sums."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tests.differencing.looks
from tests.differencing.__main__ import attack
from tests.differencing.attack import Attack, Outcome
from tests.differencing.known import Known, NotUnderstood, of_reports
from tests.differencing.looks import Looks, NotAttacked, look_twice
from tests.differencing.population import Population, populate
from tests.differencing.reduce import Span
from tests.differencing.rules import VIEWS, Contribution

K = 10
MINUTES = 3


@pytest.fixture(scope="module")
def population() -> Population:
    return populate(1, K, MINUTES)


@pytest.fixture(scope="module")
def looks(population: Population, tmp_path_factory: pytest.TempPathFactory) -> Looks:
    return look_twice(population, tmp_path_factory.mktemp("looks"))


@pytest.mark.service
def test_differencing_all_that_an_analyst_reads_isolates_nobody(
    population: Population, looks: Looks
) -> None:
    outcome = Outcome()
    for measure, known in enumerate(of_reports(population, looks, K)):
        Attack(population, measure, known, K, outcome).run()
    assert outcome.people == set()
    assert len(outcome.tried) == 7
    assert sum(outcome.tried.values()) > 1_000


@pytest.mark.service
def test_without_the_rounding_an_application_minus_a_team_would_isolate_somebody(
    population: Population, looks: Looks
) -> None:
    exact = [replace(each, width=0) for each in of_reports(population, looks, K)[0]]
    outcome = Outcome()
    Attack(population, 0, exact, K, outcome).run()
    assert outcome.isolated["some teams minus some applications"]
    assert not outcome.isolated["one figure"]


@pytest.mark.service
def test_no_figure_that_was_read_once_is_another_one_later(looks: Looks) -> None:
    assert looks.before
    assert looks.before.items() <= looks.after.items()


@pytest.mark.service
def test_figures_that_are_not_those_of_the_rules_are_told(
    population: Population, looks: Looks
) -> None:
    row, (people, _) = next(iter(looks.before.items()))
    wrong = {**looks.before, row: (people, (1, 1))}
    with pytest.raises(NotUnderstood):
        of_reports(population, Looks(wrong, looks.after), K)


@pytest.mark.service
def test_a_view_that_is_granted_and_not_attacked_is_told(
    population: Population, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tests.differencing.looks, "VIEWS", VIEWS[1:])
    with pytest.raises(NotAttacked, match="team_minutes"):
        look_twice(population, tmp_path)


@pytest.mark.parametrize("smallest_group", [1, K])
def test_the_attack_isolates_somebody_by_plain_sums(smallest_group: int) -> None:
    outcome = attack(1, K, MINUTES, smallest_group)
    assert len(outcome.people) > 5
    alone = {"one figure"} if smallest_group == 1 else set()
    assert set(outcome.isolated) >= {"one figure minus another", "what a hidden group did"} | alone


def _made_up(*amounts: int) -> Population:
    everybody = tuple(
        Contribution(person, 0, "a", "b", "live", 0, (amount,))
        for person, amount in enumerate(amounts)
    )
    return Population(everybody, frozenset(), frozenset())


@pytest.mark.parametrize(("widths", "found"), [((0, 0), {2}), ((10, 10), {2}), ((40, 40), set())])
def test_a_difference_isolates_if_it_says_more_than_what_it_is_about(
    widths: tuple[int, int], found: set[int]
) -> None:
    known = [
        Known("team_hours", frozenset({0, 1, 2}), widths[0]),
        Known("application_hours", frozenset({0, 1}), widths[1]),
    ]
    outcome = Outcome()
    Attack(_made_up(50, 50, 50), 0, known, 2, outcome).run()
    assert outcome.people == found


def test_what_follows_from_several_sums_is_found_and_what_does_not_is_not() -> None:
    sums: list[Any] = [{0, 1}, {1, 2}, {0, 2}, {3, 4}]
    span = Span.of([Known("team_hours", frozenset(each), 2) for each in sums], [0, 1, 2, 3, 4])
    asked = [frozenset({0}), frozenset({3}), frozenset({0, 1, 2}), frozenset({5})]
    follows = dict(span.that_follow(asked))
    assert follows.keys() == {frozenset({0}), frozenset({0, 1, 2})}
    assert follows[frozenset({0})] == pytest.approx(3)
