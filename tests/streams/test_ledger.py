"""Ledger and gate: off unless granted, whatever was said in whatever order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from events.consent import ConsentAction, Word
from events.consent_chain import entry_of
from events.outcomes import Withheld
from events.purposes import PURPOSES, Purpose
from streams.fate import PASSED, WITHHELD
from streams.gate import gate
from streams.ledger import Ledger
from tests.kit.consent import ledger_of, person, record
from tests.oracle import objection
from tests.strategies import SUBJECTS, TERMS, everyone_agrees, word, words

CASES = [(subject, purpose) for subject in SUBJECTS for purpose in PURPOSES]
ANNA = person(SUBJECTS[0])


@given(said=st.lists(words(), max_size=20))
def test_any_sequence_of_words_leads_to_what_a_plain_reading_says(said: list[Word]) -> None:
    ledger = ledger_of(said)
    for subject, purpose in CASES:
        expected = objection(said, subject, purpose, TERMS)
        assert (ledger.objection(person(subject), purpose, TERMS) or "") == expected


@given(said=st.lists(words(), max_size=20))
def test_what_is_said_of_one_person_and_purpose_changes_no_other(said: list[Word]) -> None:
    for subject, purpose in CASES:
        own = [each for each in said if (each.subject, each.purpose) == (subject, purpose)]
        both = (ledger_of(own), ledger_of(said))
        assert len({each.objection(person(subject), purpose, TERMS) for each in both}) == 1


@given(said=st.lists(words(), max_size=12))
def test_the_gate_gives_each_batch_the_verdict_on_its_person(said: list[Word]) -> None:
    subjects, ledger = (*SUBJECTS, "stranger"), ledger_of(said)
    for purpose in PURPOSES:
        fates = gate([*map(person, subjects)], purpose, ledger, TERMS)
        assert fates.dtype == np.uint8
        for fate, subject in zip(fates.tolist(), subjects, strict=True):
            no = objection(said, subject, purpose, TERMS)
            assert fate == (WITHHELD[Withheld(no)] if no else PASSED)


def test_nothing_passes_for_a_purpose_that_the_policy_does_not_register() -> None:
    people = [person(subject) for subject in SUBJECTS]
    fates = gate(people, PURPOSES[0], ledger_of(everyone_agrees()), None)
    assert fates.tolist() == [WITHHELD[Withheld.PURPOSE_NOT_REGISTERED]] * len(SUBJECTS)


def test_a_ledger_counts_the_chains_that_are_broken_and_not_healed() -> None:
    ledger, stray = Ledger(), word(ConsentAction.GRANT)
    broken = record(stray, 5, bytes(32))
    assert not ledger.take(ANNA, Purpose.AGENT_TRAINING, entry_of(broken))
    assert ledger.doubtful == 1
    head = broken
    for action in (ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT, ConsentAction.RESUME):
        head = record(word(action), head.number + 1, head.name)
        assert ledger.take(ANNA, Purpose.AGENT_TRAINING, entry_of(head))
    assert ledger.doubtful == 0
    assert ledger.objection(ANNA, Purpose.AGENT_TRAINING, TERMS) is None


def test_a_record_that_nobody_has_is_forgotten_without_a_trace() -> None:
    ledger = Ledger()
    ledger.forget(ANNA, Purpose.AGENT_TRAINING, bytes(32))
    assert len(ledger) == 0


def test_a_ledger_s_repr_shows_nobody() -> None:
    ledger = ledger_of([word(ConsentAction.GRANT)])
    assert "canary" not in repr(ledger)
    assert repr(ANNA) not in repr(ledger)
    assert len(ledger) == 1
