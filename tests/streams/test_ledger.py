"""Ledger and gate: off unless granted, whatever was said in whatever order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from events.consent import ASPECT, Aspect, ConsentAction, ConsentRecord
from events.outcomes import Withheld
from events.purposes import PURPOSES, Purpose
from streams.fate import PASSED, WITHHELD
from streams.gate import gate
from streams.ledger import Ledger
from tests.oracle import objection
from tests.strategies import NOTICE, NOW_MS, SUBJECTS, consent_records, sound_batch

CASES = [(subject, purpose) for subject in SUBJECTS for purpose in PURPOSES]


def ledger_of(said: Sequence[ConsentRecord]) -> Ledger:
    ledger = Ledger()
    for word in said:
        ledger.apply(word)
    return ledger


def say(action: ConsentAction, notice: str = "") -> ConsentRecord:
    return ConsentRecord(SUBJECTS[0], Purpose.AGENT_TRAINING, action, notice, NOW_MS)


def verdict(*said: ConsentRecord) -> Withheld | None:
    return ledger_of(said).objection(SUBJECTS[0], Purpose.AGENT_TRAINING, NOTICE)


@given(said=st.lists(consent_records(), max_size=20))
def test_any_sequence_of_words_leads_to_what_the_last_ones_say(said: list[ConsentRecord]) -> None:
    ledger = ledger_of(said)
    for subject, purpose in CASES:
        expected = objection(said, subject, purpose, NOTICE)
        assert (ledger.objection(subject, purpose, NOTICE) or "") == expected


@given(said=st.lists(consent_records(), max_size=20))
def test_what_is_said_of_one_person_and_purpose_changes_no_other(said: list[ConsentRecord]) -> None:
    for subject, purpose in CASES:
        own = [word for word in said if (word.subject, word.purpose) == (subject, purpose)]
        both = (ledger_of(own), ledger_of(said))
        assert len({ledger.objection(subject, purpose, NOTICE) for ledger in both}) == 1


def test_silence_is_no() -> None:
    assert verdict() is Withheld.NOT_ENROLLED
    assert verdict(say(ConsentAction.RESUME)) is Withheld.NOT_ENROLLED
    assert verdict(say(ConsentAction.PAUSE)) is Withheld.NOT_ENROLLED


def test_a_grant_counts_only_under_the_notice_in_force() -> None:
    assert verdict(say(ConsentAction.GRANT, NOTICE)) is None
    assert verdict(say(ConsentAction.GRANT, "2025-01")) is Withheld.NOTICE_OUTDATED
    old_then_new = (say(ConsentAction.GRANT, "2025-01"), say(ConsentAction.GRANT, NOTICE))
    assert verdict(*old_then_new) is None
    assert verdict(*reversed(old_then_new)) is Withheld.NOTICE_OUTDATED


def test_a_pause_holds_until_it_is_taken_back_even_over_a_new_grant() -> None:
    grant, pause = say(ConsentAction.GRANT, NOTICE), say(ConsentAction.PAUSE)
    assert verdict(grant, pause) is Withheld.PAUSED
    assert verdict(pause, grant) is Withheld.PAUSED
    assert verdict(grant, pause, grant) is Withheld.PAUSED
    assert verdict(grant, pause, say(ConsentAction.RESUME)) is None


def test_a_withdrawal_is_the_first_thing_that_is_said() -> None:
    grant, withdraw = say(ConsentAction.GRANT, NOTICE), say(ConsentAction.WITHDRAW)
    assert verdict(grant, say(ConsentAction.PAUSE), withdraw) is Withheld.WITHDRAWN
    assert verdict(grant, withdraw, say(ConsentAction.RESUME)) is Withheld.WITHDRAWN
    assert verdict(withdraw, grant) is None


@dataclass(frozen=True, slots=True)
class Gone:
    """A record that was deleted (a tombstone), or that cannot be read."""

    subject: str
    purpose: Purpose
    aspect: Aspect
    deleted: bool


def key_of(word: ConsentRecord | Gone) -> tuple[str, Purpose, Aspect]:
    aspect = ASPECT[word.action] if isinstance(word, ConsentRecord) else word.aspect
    return word.subject, word.purpose, aspect


def take_in(said: Sequence[ConsentRecord | Gone]) -> list[Withheld | None]:
    ledger = Ledger()
    for word in said:
        if isinstance(word, ConsentRecord):
            ledger.apply(word)
        elif word.deleted:
            ledger.forget(*key_of(word))
        else:
            ledger.doubt(*key_of(word))
    return [ledger.objection(subject, purpose, NOTICE) for subject, purpose in CASES]


gone = st.builds(
    Gone,
    st.sampled_from(SUBJECTS),
    st.sampled_from(PURPOSES),
    st.sampled_from(Aspect),
    st.booleans(),
)


@given(said=st.lists(consent_records() | gone, max_size=20), data=st.data())
def test_compaction_at_any_moment_changes_no_verdict(
    said: list[ConsentRecord | Gone], data: st.DataObject
) -> None:
    last = {key_of(word): at for at, word in enumerate(said)}
    compacted = [
        word
        for at, word in enumerate(said)
        if last[key_of(word)] == at or data.draw(st.booleans(), "kept though replaced")
    ]
    assert take_in(compacted) == take_in(said)


def test_a_deleted_record_is_as_if_it_had_never_been() -> None:
    grant, key = say(ConsentAction.GRANT, NOTICE), (SUBJECTS[0], Purpose.AGENT_TRAINING)
    ledger = ledger_of([grant, say(ConsentAction.PAUSE)])
    ledger.forget(*key, Aspect.PAUSE)
    assert ledger.objection(*key, NOTICE) is None
    ledger.forget(*key, Aspect.CONSENT)
    assert ledger.objection(*key, NOTICE) is Withheld.NOT_ENROLLED
    assert len(ledger) == 0


def test_a_record_that_cannot_be_read_is_a_no_until_it_is_said_anew() -> None:
    grant, key = say(ConsentAction.GRANT, NOTICE), (SUBJECTS[0], Purpose.AGENT_TRAINING)
    ledger = ledger_of([grant])
    ledger.doubt(*key, Aspect.PAUSE)
    assert ledger.objection(*key, NOTICE) is Withheld.PAUSED
    ledger.apply(say(ConsentAction.RESUME))
    assert ledger.objection(*key, NOTICE) is None
    ledger.doubt(*key, Aspect.CONSENT)
    assert ledger.objection(*key, NOTICE) is Withheld.NOT_ENROLLED
    ledger.apply(grant)
    assert ledger.objection(*key, NOTICE) is None


@given(said=st.lists(consent_records(), max_size=12))
def test_the_gate_gives_each_batch_the_verdict_on_its_person(said: list[ConsentRecord]) -> None:
    headers = [sound_batch(subject=subject).header for subject in (*SUBJECTS, "stranger")]
    ledger = ledger_of(said)
    for purpose in PURPOSES:
        fates = gate(headers, purpose, ledger, NOTICE)
        assert fates.dtype == np.uint8
        for fate, header in zip(fates.tolist(), headers, strict=True):
            no = objection(said, header.subject, purpose, NOTICE)
            assert fate == (WITHHELD[Withheld(no)] if no else PASSED)


def test_a_ledger_s_repr_shows_nobody() -> None:
    ledger = ledger_of([say(ConsentAction.GRANT, NOTICE)])
    assert "canary" not in repr(ledger)
    assert len(ledger) == 1
