"""Who shares, and what the ledger hears of it."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from events.consent import ConsentAction, is_sound
from events.purposes import PURPOSES
from producers.simulation.organisation import organisation
from producers.simulation.people import Sharing, grants, half_way, resumes, sharing_of
from tests.producers_simulation.organisations import MONDAY_MS, POLICY, config

_SHARES = {"never_share": 0.10, "withdraw_share": 0.05, "pause_share": 0.05}


def test_the_shares_of_people_are_exact() -> None:
    counts = np.bincount(sharing_of(config(employees=200, **_SHARES)))
    assert counts.tolist() == [160, 20, 10, 10]


@given(
    st.integers(1, 500),
    st.floats(0, 1 / 3, allow_subnormal=False),
    st.floats(0, 1 / 3, allow_subnormal=False),
    st.floats(0, 1 / 3, allow_subnormal=False),
)
def test_each_share_is_met_to_the_nearest_person(
    employees: int, never: float, withdraws: float, pauses: float
) -> None:
    chosen = config(
        employees=employees,
        teams=1,
        never_share=never,
        withdraw_share=withdraws,
        pause_share=pauses,
    )
    counts = np.bincount(sharing_of(chosen), minlength=4)
    assert counts.sum() == employees
    for wanted, found in zip((never, withdraws, pauses), counts[1:], strict=True):
        assert abs(found - wanted * employees) <= 1


def test_who_shares_is_chosen_by_the_seed() -> None:
    first, again, other = (
        sharing_of(config(employees=200, seed=seed, **_SHARES)) for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_the_ledger_never_hears_of_those_who_never_share() -> None:
    people = organisation(config(employees=100, **_SHARES), POLICY)
    sharing = sharing_of(people.config)
    heard = {
        word.subject
        for said in (grants(people, POLICY, 0), half_way(people, 0), resumes(people, 0))
        for word in said
    }
    silent = {people.subjects[p] for p in np.flatnonzero(sharing == Sharing.NEVER)}
    assert len(silent) == 10
    assert heard == set(people.subjects) - silent


def test_every_word_is_sound_and_each_person_speaks_about_every_purpose() -> None:
    people = organisation(config(employees=100, **_SHARES), POLICY)
    said = [
        *grants(people, POLICY, MONDAY_MS),
        *half_way(people, MONDAY_MS),
        *resumes(people, MONDAY_MS),
    ]
    assert all(is_sound(word) for word in said)
    found = Counter((word.action, word.purpose) for word in said)
    for purpose in PURPOSES:
        assert found[ConsentAction.ACKNOWLEDGE, purpose] == 90
        assert found[ConsentAction.GRANT, purpose] == 90
        assert found[ConsentAction.WITHDRAW, purpose] == 5
        assert found[ConsentAction.PAUSE, purpose] == found[ConsentAction.RESUME, purpose] == 5
