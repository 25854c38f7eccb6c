"""What a worker may believe of a person at a moment, after what was said and acknowledged."""

from __future__ import annotations

import pytest

from events.consent import ConsentAction
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import Purpose
from tests.chaos.words import Heard, may_be_believed
from tests.kit.consent import chained
from tests.strategies import SUBJECTS, word

WHO, PURPOSE = SUBJECTS[0], Purpose.AGENT_TRAINING
BOUND_MS = 2_000
POLICY = load_policy(BUNDLED_POLICY)
SEEN, GRANT = ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT
WITHDRAW, PAUSE = ConsentAction.WITHDRAW, ConsentAction.PAUSE


def heard(*words: tuple[ConsentAction, int]) -> list[Heard]:
    said = [word(action, WHO, PURPOSE, at_ms=at_ms) for action, at_ms in words]
    return [Heard(*each, each[0].at_ms) for each in zip(said, chained(said), strict=True)]


def believed(words: list[Heard], since_ms: int, purpose: Purpose = PURPOSE) -> set[str]:
    return set(
        may_be_believed(words, WHO, purpose, since_ms=since_ms, bound_ms=BOUND_MS, policy=POLICY)
    )


@pytest.mark.parametrize(
    ("since_ms", "standings"),
    [
        (4_999, {"", "withdrawn"}),  # published before
        (6_999, {"", "withdrawn"}),  # within the bound
        (7_000, {"withdrawn"}),  # beyond it: without exception
    ],
)
def test_a_withdrawal_counts_from_the_bound_on(since_ms: int, standings: set[str]) -> None:
    assert believed(heard((SEEN, 0), (GRANT, 0), (WITHDRAW, 5_000)), since_ms) == standings


def test_a_later_word_may_count_for_a_message_that_is_judged_late() -> None:
    words = heard((SEEN, 0), (GRANT, 0), (WITHDRAW, 5_000), (PAUSE, 50_000), (GRANT, 60_000))
    assert believed(words, 8_000) == {"withdrawn", "paused"}
    assert believed(words[:3], 8_000) == {"withdrawn"}


def test_who_has_seen_no_notice_has_not_agreed_yet() -> None:
    assert believed(heard((GRANT, 0), (SEEN, 9_000)), 8_000) == {"not_acknowledged", ""}


def test_who_never_changes_has_one_standing() -> None:
    assert believed(heard((SEEN, 0), (GRANT, 0)), BOUND_MS) == {""}
    assert believed([], 0) == {"not_enrolled"}
    assert believed(heard((SEEN, 0), (GRANT, 0)), BOUND_MS, Purpose.TEAM_ANALYTICS) == {
        "not_enrolled"
    }
