"""The terms in force, from the policy."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from events.policy import BUNDLED_POLICY, Policy, load_policy
from events.purposes import PURPOSES, Purpose
from events.terms import terms_in_force
from tests.strategies import TERMS

POLICY = load_policy(BUNDLED_POLICY)


def with_purpose(**changed: Any) -> Policy:
    limits = POLICY.purposes[Purpose.TEAM_ANALYTICS].model_copy(update=changed)
    return POLICY.model_copy(
        update={"purposes": {**POLICY.purposes, Purpose.TEAM_ANALYTICS: limits}}
    )


def test_the_terms_in_force_are_those_of_the_policy() -> None:
    assert [terms_in_force(POLICY, purpose) for purpose in PURPOSES] == [TERMS, TERMS]


def test_the_hash_in_the_bundled_policy_is_that_of_the_notice_beside_it() -> None:
    notice = BUNDLED_POLICY.parent / "notices" / f"{POLICY.notice_version}.md"
    assert hashlib.sha256(notice.read_bytes()).hexdigest() == POLICY.notice_sha256


@pytest.mark.parametrize(
    "changed", [{"lawful_basis": ""}, {"lawful_basis": " "}, {"dpia": ""}, {"dpia": "  "}]
)
def test_a_purpose_without_lawful_basis_or_assessment_has_no_terms(changed: dict[str, str]) -> None:
    policy = with_purpose(**changed)
    assert terms_in_force(policy, Purpose.TEAM_ANALYTICS) is None
    assert terms_in_force(policy, Purpose.AGENT_TRAINING) == TERMS


def test_a_purpose_that_the_policy_does_not_name_has_no_terms() -> None:
    policy = POLICY.model_copy(update={"purposes": {}})
    assert terms_in_force(policy, Purpose.AGENT_TRAINING) is None
