"""Consent records: what is read, what is refused, and which record replaces which."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.consent import (
    ASPECT,
    Aspect,
    ConsentAction,
    ConsentRecord,
    from_record,
    is_notice_version,
    key_parts,
    to_record,
)
from events.errors import Reject
from events.outcomes import Rejected
from events.purposes import PURPOSES, Purpose
from tests.strategies import consent_records

subjects = st.text('aø\\"[]{}, ', min_size=1, max_size=8)


@given(consent=consent_records())
def test_a_record_survives_the_round_trip(consent: ConsentRecord) -> None:
    assert from_record(to_record(consent)) == consent


@given(one=consent_records(), other=consent_records(), subject=subjects)
def test_keys_are_equal_exactly_when_the_later_record_replaces_the_earlier(
    one: ConsentRecord, other: ConsentRecord, subject: str
) -> None:
    for later in (other, replace(other, subject=subject), replace(one, subject=subject)):
        replaces = (
            one.subject == later.subject
            and one.purpose == later.purpose
            and ASPECT[one.action] == ASPECT[later.action]
        )
        assert (one.key == later.key) == replaces


def test_names_that_look_like_parts_of_a_key_do_not_collide() -> None:
    def key(subject: str) -> bytes:
        purpose = Purpose.AGENT_TRAINING
        return ConsentRecord(subject, purpose, ConsentAction.GRANT, "1", 0).key

    assert key('a", "team_analytics') != key("a")
    assert key("a\\") != key("a")


def test_grant_and_withdraw_answer_one_question_pause_and_resume_another() -> None:
    assert {a for a in ConsentAction if ASPECT[a] is Aspect.PAUSE} == {
        ConsentAction.PAUSE,
        ConsentAction.RESUME,
    }


@given(consent=consent_records(), subject=subjects)
def test_a_key_tells_its_parts(consent: ConsentRecord, subject: str) -> None:
    consent = replace(consent, subject=subject)
    assert key_parts(consent.key) == (subject, consent.purpose, ASPECT[consent.action])


@given(key=st.none() | st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_bytes_that_are_no_key_have_no_parts(key: bytes | None) -> None:
    assert key_parts(key) is None


@pytest.mark.parametrize(
    "key",
    [
        b'["anna", "performance", "consent"]',
        b'["anna", "agent_training", "mood"]',
        b'["", "agent_training", "consent"]',
        b'[1, "agent_training", "consent"]',
        b'["anna", "agent_training"]',
        b'{"a": 1, "b": 2, "c": 3}',
        b"[" * 100_000,
    ],
)
def test_a_key_of_another_shape_has_no_parts(key: bytes) -> None:
    assert key_parts(key) is None


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
        {"action": "withdraw", "notice_version": "2026-11"},
        {"action": "pause", "notice_version": "2026-11"},
    ],
)
def test_a_record_that_says_something_unknown_is_refused(change: dict[str, Any]) -> None:
    granted = {
        "subject": "canary-anna",
        "purpose": "agent_training",
        "action": "grant",
        "notice_version": "2026-11",
        "at_ms": 0,
    }
    assert from_record(granted).notice_version == "2026-11"
    with pytest.raises(Reject) as refusal:
        from_record({**granted, **change})
    assert refusal.value.reason is Rejected.INVALID_HEADER
    assert "canary" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_repr_does_not_name_the_person() -> None:
    consent = ConsentRecord("canary-anna", Purpose.AGENT_TRAINING, ConsentAction.GRANT, "1", 0)
    assert "canary" not in repr(consent)


@pytest.mark.parametrize("text", ["1", "2026-11", "A.b_c-9", "x" * 32])
def test_a_notice_has_a_short_plain_version(text: str) -> None:
    assert is_notice_version(text)


@pytest.mark.parametrize("text", ["", "-1", "a b", "x" * 33, "1\n", "é"])
def test_anything_else_is_no_version(text: str) -> None:
    assert not is_notice_version(text)


@pytest.mark.parametrize("at_ms", [-1, 2**32 * 1_000, 2**63 - 1])
def test_a_word_of_a_time_that_its_table_cannot_hold_is_refused(at_ms: int) -> None:
    record = to_record(ConsentRecord("anna", PURPOSES[0], ConsentAction.GRANT, "1", 0))
    with pytest.raises(Reject, match="invalid_header"):
        from_record({**record, "at_ms": at_ms})


def test_another_spelling_of_a_key_is_another_key() -> None:
    key = ConsentRecord("anna", PURPOSES[0], ConsentAction.PAUSE, "", 0).key
    assert key_parts(key) is not None
    spaced = key.replace(b", ", b",")
    escaped = key.replace(b"anna", b"\\u0061nna")
    mapping = b'{"anna": 1, "agent_training": 2, "pause": 3}'
    assert [key_parts(other) for other in (spaced, escaped, mapping)] == [None] * 3
