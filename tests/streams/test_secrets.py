"""Everybody's secret: without it nothing of a person passes, and who is forgotten stays nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.codec import Codec
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import PURPOSES, Purpose
from events.sealing import PrivateKeys, digest
from events.subject_secret import SubjectSecret, to_record
from events.topics import Topic
from streams.decode import RawMessage
from streams.emit import emit
from streams.keys import KeyRing
from streams.pipeline import Outcome, Rules, process
from streams.secrets import Secrets
from tests.kit.consent import ledger_of
from tests.kit.secrets import secrets
from tests.oracle import secret_of
from tests.strategies import (
    NOW_MS,
    SEALING,
    SUBJECTS,
    Sent,
    encoded,
    everyone_agrees,
    fixed_id,
    key_rings,
    ring,
    runs,
    sound_batch,
)
from tests.streams.read_back import read, read_back
from tests.streams.test_pipeline import SOURCE

ANNA, BEN, CLEO = SUBJECTS
POLICY = load_policy(BUNDLED_POLICY)
DAY_OF_ALL = [
    Sent(encoded(batch), batch)
    for number, subject in enumerate(SUBJECTS)
    for batch in [sound_batch(subject=subject, batch_id=fixed_id("batch", number))]
]


def name(subject: str) -> bytes:
    return digest(SEALING.digest_key, subject)


def outcome_of(run: Sequence[Sent], known: Secrets, keys: KeyRing | None = None) -> Outcome:
    ledger = ledger_of(everyone_agrees())
    messages = [RawMessage(at, NOW_MS, sent.value) for at, sent in enumerate(run)]
    return process(messages, Rules(Codec(), POLICY, keys or ring(0)), ledger, known, NOW_MS)


def pseudonyms(outcome: Outcome) -> set[int]:
    return {*outcome.training.pseudonym.tolist(), *outcome.analytics.pseudonym.tolist()}


def test_without_a_secret_nothing_of_a_person_passes_and_the_books_say_why() -> None:
    outcome = outcome_of(DAY_OF_ALL, secrets([ANNA, CLEO]))
    for books in outcome.accounts:
        assert [passed > 0 for passed in books.passed_count.tolist()] == [True, False, True]
        assert {reason.value for reason in books.withheld()} == {"no_secret"}
    assert len(outcome.training.pseudonym) == len(outcome.analytics.pseudonym) == 2


def test_who_is_forgotten_is_nobody_again_and_a_replay_brings_nothing_back() -> None:
    known = secrets()
    before = outcome_of(DAY_OF_ALL, known)
    known.apply(name(BEN), b"")
    after = outcome_of(DAY_OF_ALL, known)
    assert len(pseudonyms(before) - pseudonyms(after)) == len(PURPOSES)
    assert len(after.training.pseudonym) == 2


def test_who_comes_back_is_somebody_else_and_nothing_from_before_comes_with_them() -> None:
    known = secrets()
    before = pseudonyms(outcome_of(DAY_OF_ALL, known))
    back_ms = DAY_OF_ALL[0].batch.header.base_time_ms + 1  # type: ignore[union-attr]
    record = to_record(SubjectSecret(bytes(32), back_ms), name(BEN), SEALING.public)
    known.apply(name(BEN), b"")
    known.apply(name(BEN), record["sealed_secret"])
    assert len(outcome_of(DAY_OF_ALL, known).training.pseudonym) == 2
    later = sound_batch(subject=BEN, batch_id=fixed_id("batch", 9), base_time_ms=back_ms)
    new = pseudonyms(outcome_of([Sent(encoded(later), later)], known))
    assert len(new) == len(PURPOSES)
    assert not new & before


@given(run=runs(), gone=st.sampled_from(SUBJECTS), keys=key_rings())
def test_forgetting_one_person_changes_no_row_of_anybody_else(
    run: list[Sent], gone: str, keys: KeyRing
) -> None:
    known = secrets()
    before = rows_of(outcome_of(run, known, keys))
    own = [sent for sent in run if sent.batch and sent.batch.header.subject == gone]
    theirs = rows_of(outcome_of(own, known, keys))
    known.forget(name(gone))
    after = rows_of(outcome_of(run, known, keys))
    assert after == {key: row for key, row in before.items() if key not in theirs}


def rows_of(outcome: Outcome) -> dict[object, object]:
    found = read_back(emit(outcome, SOURCE, 0, {}, Codec()))
    rows: dict[object, object] = {("row", key): row for key, row in found.training.items()}
    return rows | {("partial", key): row for key, row in found.partials.items()}


@given(run=runs(), keys=key_rings(), other=st.sampled_from(PURPOSES))
def test_nothing_of_one_purpose_follows_from_another_and_everybodys_secrets(
    run: list[Sent], keys: KeyRing, other: Purpose
) -> None:
    """With another key of ``other`` its ids are others, and nobody else's change: so they cannot
    be had from what the other purpose holds, and the secrets do not join the two."""
    known = secrets()
    changed = KeyRing(
        tuple(
            type(epoch)(
                epoch.epoch,
                epoch.from_ms,
                {**epoch.keys, other: bytes(b ^ 0xFF for b in epoch.keys[other])},
            )
            for epoch in keys.epochs
        ),
        keys.sealing,
    )
    before, after = (outcome_of(run, known, each) for each in (keys, changed))
    for purpose, one, two in (
        (Purpose.AGENT_TRAINING, before.training, after.training),
        (Purpose.TEAM_ANALYTICS, before.analytics, after.analytics),
    ):
        for column in ("pseudonym", "session", "batch"):
            ids = [{*getattr(rows, column).tolist()} for rows in (one, two)]
            assert ids[0] == ids[1] if purpose is not other else not ids[0] & ids[1]


@given(run=runs())
def test_no_secret_is_in_any_emitted_byte(run: list[Sent]) -> None:
    for emission in emit(outcome_of(run, secrets()), SOURCE, 0, {}, Codec()):
        assert not [who for who in SUBJECTS if secret_of(who) in emission.value]
        assert not [who for who in SUBJECTS if name(who) in emission.value]
        if emission.topic in (Topic.TRAINING, Topic.WINDOWS):
            assert "pseudonym" in read(emission)[1]


def test_a_secret_is_opened_when_its_person_turns_up_and_then_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []
    opening = PrivateKeys.open

    def counted(self: PrivateKeys, sealed: bytes, kind: bytes) -> bytes | None:
        calls.append(kind)
        return opening(self, sealed, kind)

    monkeypatch.setattr(PrivateKeys, "open", counted)
    known = secrets()
    assert (len(known), len(calls)) == (3, 0)
    for _ in range(3):
        assert known.known([ANNA, ANNA], SEALING) == {ANNA: SubjectSecret(secret_of(ANNA), 0)}
    assert len(calls) == 1


def test_a_secret_that_has_taken_anothers_place_is_seen_though_the_first_was_opened() -> None:
    known = secrets()
    assert known.known([ANNA], SEALING)[ANNA].value == secret_of(ANNA)
    new = SubjectSecret(bytes(32), 5)
    known.apply(name(ANNA), to_record(new, name(ANNA), SEALING.public)["sealed_secret"])
    assert known.known([ANNA], SEALING) == {ANNA: new}
    known.forget(name(ANNA))
    assert known.known([ANNA], SEALING) == {}


def test_nothing_is_left_of_who_is_forgotten_while_their_secret_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = secrets()
    opens = PrivateKeys.open

    def forgotten_meanwhile(*arguments: Any, **more: Any) -> Any:
        known.forget(name(ANNA))
        return opens(*arguments, **more)

    monkeypatch.setattr(PrivateKeys, "open", forgotten_meanwhile)
    known.known([ANNA], SEALING)
    assert known._opened == {}


def test_a_secret_that_was_made_for_somebody_else_is_none() -> None:
    known = secrets([ANNA])
    moved = to_record(SubjectSecret(bytes(32), 0), name(ANNA), SEALING.public)
    known.apply(name(BEN), moved["sealed_secret"])
    assert known.known([ANNA, BEN], SEALING).keys() == {ANNA}


def test_nobody_shows_in_a_repr() -> None:
    known = secrets()
    known.known(SUBJECTS, SEALING)
    assert "canary" not in repr(known)
    assert name(ANNA).hex() not in repr(known)
    assert repr(secret_of(ANNA)) not in repr(known)
