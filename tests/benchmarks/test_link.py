"""The attack across purposes finds what is there to be found, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.reidentification.link import Sight, chance_of_equal_minutes, dense, linked
from benchmarks.reidentification.sessions import MEASURES, Floats
from tests.benchmarks.made import with_minutes

PEOPLE, MINUTES = 40, 90


def people(seed: int, least: int = 0, most: int = 1_000) -> Floats:
    return (
        np.random.default_rng(seed)
        .integers(least, most, (PEOPLE, MINUTES, len(MEASURES)))
        .astype(np.float64)
    )


@pytest.mark.parametrize(
    "sight", [Sight(1), Sight(5), Sight(5, clock=False), Sight(1, window=1, rounded=10)]
)
def test_who_has_the_same_sums_in_both_purposes_is_found(sight: Sight) -> None:
    assert linked(people(0), people(0), sight, seed=0) == 1


@pytest.mark.parametrize("sight", [Sight(1), Sight(5), Sight(5, clock=False)])
def test_sums_that_have_nothing_to_do_with_each_other_link_nobody(sight: Sight) -> None:
    assert linked(people(0), people(1), sight, seed=0) < 4 / PEOPLE


def test_rounding_beyond_all_differences_leaves_chance() -> None:
    sums = people(0, least=500, most=540)
    assert linked(sums, sums, Sight(5), seed=0) == 1
    assert linked(sums, sums, Sight(5, rounded=2_000), seed=0) == pytest.approx(1 / PEOPLE)


def test_longer_windows_are_sums_of_the_minutes() -> None:
    minutes = np.array([0, 1, 59, 60])
    sums = dense([(minutes, np.ones((4, len(MEASURES))))], window=60)
    assert sums[:, :, 0].tolist() == [[3, 1]]


def test_the_chance_of_equal_minutes_counts_pairs_of_different_people() -> None:
    a, b = [1.0] * 6, [2.0] * 6
    found = chance_of_equal_minutes([with_minutes(0, 0, [a, a]), with_minutes(1, 1, [a, b])])
    # Of the four pairs between the two people, a equals a twice.
    assert found == pytest.approx(2 / 4)
