"""What people say about their consent: before a run, and at moments of it. Pure data; and, of what
was said and acknowledged, what a worker may believe at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from events import consent
from events.consent import TO_TERMS, ConsentAction, Terms
from events.consent_record import ConsentRecord
from events.policy import Policy
from events.purposes import PURPOSES, Purpose
from tests.chaos.faults import Schedule
from tests.oracle import objection, terms_of

_LEAST_CHANGES, _MOST_CHANGES = 6, 14
#: Some moments after the ledgers are cut off.
_SOON_S = 0.3


@dataclass(frozen=True, slots=True)
class Word:
    """``at_s`` since the publishing began; below 0: before anything runs."""

    at_s: float
    subject: str = field(repr=False)
    purpose: Purpose
    action: ConsentAction
    terms: Terms | None = None

    def said(self, at_ms: int) -> consent.Word:
        return consent.Word(self.subject, self.purpose, self.action, at_ms, self.terms)


@dataclass(frozen=True, slots=True)
class Heard:
    """A record of ``word`` that Kafka acknowledged at ``acknowledged_ms`` (wall time) at the
    latest."""

    word: consent.Word
    record: ConsentRecord
    acknowledged_ms: int


def words_of(
    seed: int, subjects: Sequence[str], busiest: Sequence[str], schedule: Schedule, policy: Policy
) -> list[Word]:
    """Most people agree at first, some to nothing, some to an old notice or without having seen
    one. Then some of the ``busiest`` change their minds, above all just when ledgers cannot be
    read."""
    rng = Random(f"{seed} words")
    said = [word for subject in subjects for word in _at_first(rng, subject, policy)]
    for silence in schedule.silences:
        for subject in rng.sample(list(busiest), min(3, len(busiest))):
            said += _all(silence.at_s + _SOON_S, subject, ConsentAction.WITHDRAW)
    for _ in range(rng.randint(_LEAST_CHANGES, _MOST_CHANGES)):
        said.append(_change(rng, rng.choice(list(busiest)), schedule.publish_s, policy))
    return sorted(said, key=lambda word: word.at_s)


def _at_first(rng: Random, subject: str, policy: Policy) -> list[Word]:
    chance, purposes = rng.random(), PURPOSES
    if chance < 0.05:
        return []
    if chance < 0.08:
        return _agrees(subject, purposes, _outdated(policy))
    if chance < 0.10:
        return _agrees(subject, purposes, policy)[len(purposes) :]
    if chance < 0.15:
        return _agrees(subject, [rng.choice(purposes)], policy)
    said = _agrees(subject, purposes, policy)
    if chance < 0.20:
        said += _all(-1, subject, ConsentAction.PAUSE)
    return said


def _agrees(subject: str, purposes: Sequence[Purpose], policy: Policy) -> list[Word]:
    """Has seen the notice, and agrees."""
    return [
        Word(-1, subject, purpose, action, _terms(policy, purpose))
        for action in (ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT)
        for purpose in purposes
    ]


def _change(rng: Random, subject: str, publish_s: float, policy: Policy) -> Word:
    action, purpose = rng.choice(tuple(ConsentAction)), rng.choice(PURPOSES)
    seen = rng.choice((policy, policy, _outdated(policy)))
    terms = _terms(seen, purpose) if action in TO_TERMS else None
    return Word(rng.uniform(0.5, publish_s), subject, purpose, action, terms)


def _terms(policy: Policy, purpose: Purpose) -> Terms:
    limits = policy.purposes[purpose]
    sha256 = bytes.fromhex(policy.notice_sha256)
    return Terms(policy.notice_version, sha256, limits.lawful_basis)


def _outdated(policy: Policy) -> Policy:
    return policy.model_copy(update={"notice_version": "2025-01"})


def _all(at_s: float, subject: str, action: ConsentAction) -> list[Word]:
    return [Word(at_s, subject, purpose, action) for purpose in PURPOSES]


def may_be_believed(
    heard: Sequence[Heard],
    subject: str,
    purpose: Purpose,
    *,
    since_ms: int,
    bound_ms: int,
    policy: Policy,
) -> list[str]:
    """Every standing by which a message that Kafka got at ``since_ms`` may be judged, "" for
    consent: whatever was acknowledged ``bound_ms`` before is known; what came later may be, in its
    order, since a message may be judged at any later time, and again."""
    own = [each for each in heard if (each.word.subject, each.word.purpose) == (subject, purpose)]
    known = sum(each.acknowledged_ms + bound_ms <= since_ms for each in own)
    said, terms = [each.word for each in own], terms_of(policy, purpose)
    return list(
        dict.fromkeys(
            objection(said[:count], subject, purpose, terms)
            for count in range(known, len(said) + 1)
        )
    )
