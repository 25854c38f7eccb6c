"""What people say about their consent: before a run, and at moments of it. Pure data; and, of what
was said and acknowledged, what a worker may believe at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from events.consent import ConsentAction, ConsentRecord
from events.policy import Policy
from events.purposes import PURPOSES, Purpose
from tests.chaos.faults import Schedule
from tests.oracle import objection

_OLD_NOTICE = "2025-01"
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
    notice_version: str

    def record(self, at_ms: int) -> ConsentRecord:
        return ConsentRecord(self.subject, self.purpose, self.action, self.notice_version, at_ms)


@dataclass(frozen=True, slots=True)
class Heard:
    """A record that Kafka acknowledged at ``acknowledged_ms`` (wall time) at the latest."""

    record: ConsentRecord = field(repr=False)
    acknowledged_ms: int


def words_of(
    seed: int, subjects: Sequence[str], busiest: Sequence[str], schedule: Schedule, policy: Policy
) -> list[Word]:
    """Most people agree at first, some to nothing, some to an old notice. Then some of the
    ``busiest`` change their minds, above all just when ledgers cannot be read."""
    rng = Random(f"{seed} words")
    said = [word for subject in subjects for word in _at_first(rng, subject, policy)]
    for silence in schedule.silences:
        for subject in rng.sample(list(busiest), min(3, len(busiest))):
            said += _all(silence.at_s + _SOON_S, subject, ConsentAction.WITHDRAW, "")
    for _ in range(rng.randint(_LEAST_CHANGES, _MOST_CHANGES)):
        said.append(_change(rng, rng.choice(list(busiest)), schedule.publish_s, policy))
    return sorted(said, key=lambda word: word.at_s)


def _at_first(rng: Random, subject: str, policy: Policy) -> list[Word]:
    chance, notice = rng.random(), policy.notice_version
    if chance < 0.06:
        return []
    if chance < 0.10:
        return _all(-1, subject, ConsentAction.GRANT, _OLD_NOTICE)
    if chance < 0.15:
        return [Word(-1, subject, rng.choice(PURPOSES), ConsentAction.GRANT, notice)]
    said = _all(-1, subject, ConsentAction.GRANT, notice)
    if chance < 0.20:
        said += _all(-1, subject, ConsentAction.PAUSE, "")
    return said


def _change(rng: Random, subject: str, publish_s: float, policy: Policy) -> Word:
    action = rng.choice(tuple(ConsentAction))
    notice = ""
    if action is ConsentAction.GRANT:
        notice = rng.choice((policy.notice_version, policy.notice_version, _OLD_NOTICE))
    return Word(rng.uniform(0.5, publish_s), subject, rng.choice(PURPOSES), action, notice)


def _all(at_s: float, subject: str, action: ConsentAction, notice: str) -> list[Word]:
    return [Word(at_s, subject, purpose, action, notice) for purpose in PURPOSES]


def may_be_believed(
    heard: Sequence[Heard],
    subject: str,
    purpose: Purpose,
    *,
    since_ms: int,
    bound_ms: int,
    notice_version: str,
) -> list[str]:
    """Every standing by which a message that Kafka got at ``since_ms`` may be judged, "" for
    consent: whatever was acknowledged ``bound_ms`` before is known; what came later may be, in its
    order, since a message may be judged at any later time, and again."""
    own = [
        word for word in heard if (word.record.subject, word.record.purpose) == (subject, purpose)
    ]
    known = sum(word.acknowledged_ms + bound_ms <= since_ms for word in own)
    records = [word.record for word in own]
    return list(
        dict.fromkeys(
            objection(records[:count], subject, purpose, notice_version)
            for count in range(known, len(records) + 1)
        )
    )
