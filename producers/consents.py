"""Words of people: who says what about which purpose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from events.batch import is_subject
from events.consent import (
    THE_SUBJECT,
    TO_TERMS,
    Actor,
    ActorRole,
    ConsentAction,
    Terms,
    Word,
    is_actor,
)
from events.errors import InputError
from events.jurisdictions import UNKNOWN, is_jurisdiction
from events.policy import Policy
from events.purposes import Purpose
from events.terms import terms_in_force


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes words down, and under which law. Raises ``InputError`` where it cannot be."""

    actor: Actor = THE_SUBJECT
    jurisdiction: str = UNKNOWN

    def __post_init__(self) -> None:
        if not is_actor(self.actor):
            raise InputError(
                "--actor: ROLE:ID with an opaque id in hexadecimal, such as operator:7f3c9a, or "
                "subject alone"
            )
        if not is_jurisdiction(self.jurisdiction):
            raise InputError("--jurisdiction: a code of ISO 3166, such as DE, US-NY, or ZZ")


def actor_of(text: str) -> Actor:
    """``ROLE:ID``, or `subject`. Raises ``InputError`` for a role that is not known."""
    role, _, identity = text.partition(":")
    try:
        return Actor(ActorRole(role), identity)
    except ValueError:
        roles = ", ".join(role.value for role in ActorRole)
        raise InputError(f"--actor: the role is one of {roles}") from None


def words(
    subjects: Iterable[str],
    purposes: Sequence[Purpose],
    action: ConsentAction,
    at_ms: int,
    policy: Policy | None = None,
    *,
    writer: Writer = Writer(),
) -> list[Word]:
    """One word for each different subject and purpose. ``policy``: what is acknowledged or granted
    are its terms; other actions need none, and never wait for one.

    Raises ``InputError`` with the place of a subject that cannot be one, never the subject; and
    where the policy registers no lawful basis or impact assessment for a purpose.
    """
    terms = {purpose: _terms(action, purpose, policy) for purpose in purposes}
    different = dict.fromkeys(subjects)
    for place, subject in enumerate(different, start=1):
        if not (is_subject(subject) and _is_utf8(subject)):
            raise InputError(f"subject {place} of {len(different)} is not 1 to 128 bytes of UTF-8")
    return [
        Word(subject, purpose, action, at_ms, terms[purpose], writer.actor, writer.jurisdiction)
        for subject in different
        for purpose in purposes
    ]


def enrolment(
    subjects: Iterable[str], purposes: Sequence[Purpose], at_ms: int, policy: Policy
) -> list[Word]:
    """Both words without which nothing passes: that a notice was shown, and that they agree. For
    trials: real people are shown the notice, and then asked."""
    names = list(subjects)
    return [
        word
        for action in (ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT)
        for word in words(names, purposes, action, at_ms, policy)
    ]


def _terms(action: ConsentAction, purpose: Purpose, policy: Policy | None) -> Terms | None:
    if action not in TO_TERMS:
        return None
    terms = terms_in_force(policy, purpose) if policy else None
    if terms is None:
        raise InputError(
            f"the policy registers no lawful basis or no impact assessment for {purpose.value}, so "
            "there is nothing to agree to: add `lawful_basis` and `dpia` to its section"
        )
    return terms


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
