"""Consent records: what is read, and what is refused."""

from __future__ import annotations

import io
from dataclasses import fields, replace
from typing import Any

import fastavro
import pytest
from hypothesis import given

from events.codec import SINGLE_OBJECT_MAGIC, Codec
from events.consent import (
    SCHEMA,
    UNCHAINED,
    Actor,
    ActorRole,
    ConsentAction,
    ConsentRecord,
    Terms,
    Word,
    from_record,
    is_notice_version,
    to_record,
)
from events.errors import Reject
from events.outcomes import Rejected
from events.purposes import PURPOSES, Purpose
from events.schemas import bundled
from tests.kit.consent import chained
from tests.strategies import word, words


@given(said=words())
def test_a_record_survives_the_round_trip(said: Word) -> None:
    (consent,) = chained([said])
    again = from_record(to_record(consent))
    assert again == consent
    assert (again.key, again.who) == (consent.key, consent.who)


def granted() -> dict[str, Any]:
    (consent,) = chained([replace(word(ConsentAction.GRANT), jurisdiction="DE-BY")])
    return to_record(consent)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": ""},
        {"subject": "x" * 129},
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
    assert from_record(granted()).word.action is ConsentAction.GRANT
    with pytest.raises(Reject) as refusal:
        from_record({**granted(), **change})
    assert refusal.value.reason is Rejected.INVALID_HEADER
    assert "canary" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("role", [ActorRole.REPRESENTATIVE, ActorRole.OPERATOR])
def test_who_wrote_a_record_is_a_role_and_an_opaque_id(role: ActorRole) -> None:
    record = {**granted(), "actor_role": role.value, "actor_id": "7f3c9a"}
    assert from_record(record).word.actor == Actor(role, "7f3c9a")


def test_a_word_has_no_place_for_a_reason_an_end_or_anybody_s_rank() -> None:
    names = ("subject", "purpose", "action", "at_ms", "terms", "actor", "jurisdiction")
    assert tuple(each.name for each in fields(Word)) == names
    assert Terms._fields == ("notice_version", "notice_sha256", "lawful_basis")
    assert {role.value for role in ActorRole} == {"subject", "representative", "operator"}


def of_the_first_version(record: dict[str, Any]) -> bytes:
    earlier = next(each for each in bundled() if (each.name, each.version) == (SCHEMA, 1))
    body = io.BytesIO()
    fastavro.schemaless_writer(body, earlier.parsed, record)
    return SINGLE_OBJECT_MAGIC + earlier.fingerprint + body.getvalue()


def test_a_record_of_the_first_version_is_read_with_what_it_knew() -> None:
    old = {
        "subject": "anna",
        "purpose": "agent_training",
        "action": "grant",
        "notice_version": "2026-11",
        "at_ms": 7,
    }
    found = from_record(Codec().decode(SCHEMA, of_the_first_version(old)))
    assert found.number == UNCHAINED
    assert found.word.terms == Terms("2026-11", b"", "")
    assert found.key == b'["anna", "agent_training", "consent"]'
    withdrawn = {**old, "action": "withdraw", "notice_version": ""}
    assert from_record(Codec().decode(SCHEMA, of_the_first_version(withdrawn))).key == found.key


@pytest.mark.parametrize("action", ["acknowledge", "object"])
def test_what_the_first_version_did_not_know_is_in_no_record_of_it(action: str) -> None:
    record = {"subject": "anna", "purpose": "agent_training", "action": action, "at_ms": 7}
    message = of_the_first_version({**record, "notice_version": "1" * (action == "acknowledge")})
    with pytest.raises(Reject, match="invalid_header"):
        from_record(Codec().decode(SCHEMA, message))


def test_a_repr_does_not_name_the_person() -> None:
    consent = ConsentRecord(
        Word("canary-anna", Purpose.AGENT_TRAINING, ConsentAction.WITHDRAW, 0), 0, b"", bytes(16)
    )
    assert "canary" not in repr(consent)


@pytest.mark.parametrize("text", ["1", "2026-11", "A.b_c-9", "x" * 32])
def test_a_notice_has_a_short_plain_version(text: str) -> None:
    assert is_notice_version(text)


@pytest.mark.parametrize("text", ["", "-1", "a b", "x" * 33, "1\n", "é"])
def test_anything_else_is_no_version(text: str) -> None:
    assert not is_notice_version(text)


@pytest.mark.parametrize("at_ms", [-1, 2**32 * 1_000, 2**63 - 1])
def test_a_word_of_a_time_that_its_table_cannot_hold_is_refused(at_ms: int) -> None:
    with pytest.raises(Reject, match="invalid_header"):
        from_record({**granted(), "at_ms": at_ms, "purpose": PURPOSES[0].value})
