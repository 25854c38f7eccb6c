"""Consent records: what is read, and what is refused."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given

from events.codec import Codec
from events.consent import Actor, ActorRole, ConsentAction, Terms, Word, is_notice_version
from events.consent_record import SCHEMA, UNCHAINED, ConsentRecord, from_record, to_record
from events.errors import Reject
from events.outcomes import Rejected
from events.purposes import PURPOSES
from tests.kit.consent import DIGEST_KEY, chained, early, early_value, message_of, person, record
from tests.strategies import word, words


@given(said=words())
def test_a_record_survives_the_round_trip(said: Word) -> None:
    (consent,) = chained([said])
    again = from_record(to_record(consent), DIGEST_KEY)
    assert again == consent
    assert (again.key, again.who) == (consent.key, consent.who)


def granted() -> dict[str, Any]:
    (consent,) = chained([replace(word(ConsentAction.GRANT), jurisdiction="DE-BY")])
    return to_record(consent)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "anna"},  # the name beside the digest, or in its place
        {"subject": "anna", "person": b""},
        {"person": b""},
        {"person": bytes(15)},
        {"person": bytes(32)},
        {"purpose": "performance"},
        {"purpose": ""},
        {"action": "erase"},
        {"at_ms": -1},
        {"notice_version": ""},
        {"notice_version": "a b"},
        {"notice_version": "x" * 33},
        {"notice_sha256": b""},
        {"notice_sha256": bytes(31)},
        {"lawful_basis": ""},
        {"lawful_basis": "they said yes in the corridor"},
        {"action": "withdraw"},  # a no names no terms
        {"action": "pause"},
        {"actor_role": ""},
        {"actor_role": "manager"},
        {"actor_id": "j.doe@example.org"},
        {"actor_id": "John Doe"},
        {"actor_role": "subject", "actor_id": "0"},
        {"actor_role": "operator", "actor_id": ""},
        {"jurisdiction": ""},
        {"jurisdiction": "UK"},
        {"jurisdiction": "Germany"},
        {"number": -2},
        {"previous": bytes(31)},
        {"salt": b""},
    ],
)
def test_a_record_that_says_something_unknown_is_refused(change: dict[str, Any]) -> None:
    assert from_record(granted(), DIGEST_KEY).word.action is ConsentAction.GRANT
    with pytest.raises(Reject) as refusal:
        from_record({**granted(), **change}, DIGEST_KEY)
    assert refusal.value.reason is Rejected.INVALID_HEADER
    assert "canary" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("role", [ActorRole.REPRESENTATIVE, ActorRole.OPERATOR])
def test_who_wrote_a_record_is_a_role_and_an_opaque_id(role: ActorRole) -> None:
    written = {**granted(), "actor_role": role.value, "actor_id": "7f3c9a"}
    assert from_record(written, DIGEST_KEY).word.actor == Actor(role, "7f3c9a")


def test_a_word_has_no_place_for_a_reason_an_end_or_anybody_s_rank() -> None:
    names = ("subject", "purpose", "action", "at_ms", "terms", "actor", "jurisdiction")
    assert tuple(each.name for each in fields(Word)) == names
    assert Terms._fields == ("notice_version", "notice_sha256", "lawful_basis")
    assert {role.value for role in ActorRole} == {"subject", "representative", "operator"}


def read_early(said: Word) -> ConsentRecord:
    """What is read of a word as a program of the first version wrote it."""
    return from_record(Codec().decode(SCHEMA, early_value(said)), DIGEST_KEY)


def test_a_record_of_the_first_version_is_read_with_what_it_knew() -> None:
    said = word(ConsentAction.GRANT, "anna", at_ms=7)
    found = read_early(said)
    assert found.number == UNCHAINED
    assert found.word == replace(said, terms=Terms("2026-11", b"", ""))
    assert found.person == person("anna")
    assert found.key == b'["anna", "agent_training", "consent"]'
    assert read_early(word(ConsentAction.WITHDRAW, "anna")).key == found.key


@pytest.mark.parametrize("action", [ConsentAction.ACKNOWLEDGE, ConsentAction.OBJECT])
def test_what_the_first_version_did_not_know_is_in_no_record_of_it(action: ConsentAction) -> None:
    value = early_value(word(action))
    with pytest.raises(Reject, match="invalid_header"):
        from_record(Codec().decode(SCHEMA, value), DIGEST_KEY)


def test_a_name_that_can_be_read_is_never_written() -> None:
    named = replace(record(word(ConsentAction.GRANT)), word=word(ConsentAction.GRANT))
    for each in (named, early(word(ConsentAction.GRANT))):
        with pytest.raises(ValueError, match="without a name"):
            to_record(each)


@given(said=words())
def test_nothing_in_a_message_of_consent_names_the_person(said: Word) -> None:
    (consent,) = chained([said])
    for part in message_of(consent):
        assert b"canary" not in (part or b"")


def test_a_repr_does_not_name_the_person() -> None:
    for consent in (record(word(ConsentAction.WITHDRAW)), early(word(ConsentAction.WITHDRAW))):
        assert "canary" not in repr(consent)
        assert repr(consent.person) not in repr(consent)


@pytest.mark.parametrize("text", ["1", "2026-11", "A.b_c-9", "x" * 32])
def test_a_notice_has_a_short_plain_version(text: str) -> None:
    assert is_notice_version(text)


@pytest.mark.parametrize("text", ["", "-1", "a b", "x" * 33, "1\n", "é"])
def test_anything_else_is_no_version(text: str) -> None:
    assert not is_notice_version(text)


@pytest.mark.parametrize("at_ms", [-1, 2**32 * 1_000, 2**63 - 1])
def test_a_word_of_a_time_that_its_table_cannot_hold_is_refused(at_ms: int) -> None:
    with pytest.raises(Reject, match="invalid_header"):
        from_record({**granted(), "at_ms": at_ms, "purpose": PURPOSES[0].value}, DIGEST_KEY)
