"""The attacker never knows a session that is attacked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.reidentification.splits import halves

persons = st.lists(st.integers(2, 7), min_size=1, max_size=10).flatmap(
    lambda counts: st.permutations([who for who, count in enumerate(counts) for _ in range(count)])
)


@given(persons, st.integers(0, 99))
def test_no_session_is_in_both_halves_and_everybody_is(persons: list[int], seed: int) -> None:
    split = halves(persons, seed)
    assert sorted(split.known + split.attacked) == list(range(len(persons)))
    for person in set(persons):
        known = sum(persons[place] == person for place in split.known)
        attacked = sum(persons[place] == person for place in split.attacked)
        assert known - attacked in (0, 1)


def test_a_seed_gives_one_split_and_another_seed_another() -> None:
    persons = [place % 5 for place in range(40)]
    assert halves(persons, 1) == halves(persons, 1)
    assert len({halves(persons, seed) for seed in range(10)}) > 5


def test_somebody_with_one_session_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="two sessions"):
        halves([0, 0, 1], 0)
