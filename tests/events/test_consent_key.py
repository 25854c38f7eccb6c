"""Keys of consent records: one for each record, and what they tell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.consent import ConsentAction, ConsentRecord, Word
from events.consent_key import Aspect, key_owner, key_parts, person_of, record_key
from events.purposes import PURPOSES, Purpose
from tests.kit.consent import chained
from tests.strategies import word, words

subjects = st.text('aø\\"[]{}, ', min_size=1, max_size=8)
names = st.binary(min_size=32, max_size=32) | st.sampled_from([b"consent", b"pause"])


@given(said=st.lists(words(), min_size=1, max_size=6))
def test_no_record_replaces_another(said: list[Word]) -> None:
    keys = [record.key for record in chained(said)]
    assert len(set(keys)) == len(keys)


def test_a_record_of_the_first_version_replaces_the_one_before_of_its_aspect() -> None:
    def key(action: ConsentAction) -> bytes:
        return ConsentRecord(replace(word(action), terms=None)).key

    grant, withdraw, pause, resume = map(
        key,
        (ConsentAction.GRANT, ConsentAction.WITHDRAW, ConsentAction.PAUSE, ConsentAction.RESUME),
    )
    assert grant == withdraw
    assert pause == resume
    assert key_parts(grant) != key_parts(pause)


@given(subject=subjects, purpose=st.sampled_from(PURPOSES), name=names)
def test_a_key_tells_its_parts(subject: str, purpose: Purpose, name: bytes) -> None:
    key = record_key(subject, purpose, name)
    assert key_parts(key) == (person_of(subject), purpose, name)


@given(
    one=st.tuples(subjects, st.sampled_from(PURPOSES), names),
    other=st.tuples(subjects, st.sampled_from(PURPOSES), names),
)
def test_keys_have_one_owner_exactly_where_person_and_purpose_are_the_same(
    one: tuple[str, Purpose, bytes], other: tuple[str, Purpose, bytes]
) -> None:
    for later in (other, (*one[:2], other[2])):
        owners = {key_owner(record_key(*each)) for each in (one, later)}
        assert (len(owners) == 1) == (one[:2] == later[:2])


def test_names_that_look_like_parts_of_a_key_do_not_collide() -> None:
    def key(subject: str) -> bytes:
        return record_key(subject, Purpose.AGENT_TRAINING, b"pause")

    assert key('a", "team_analytics') != key("a")
    assert key("a\\") != key("a")


@given(key=st.none() | st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_bytes_that_are_no_key_have_no_parts(key: bytes | None) -> None:
    assert key_parts(key) is None


@pytest.mark.parametrize(
    "key",
    [
        b'["anna", "performance", "consent"]',
        b'["anna", "agent_training", "mood"]',
        b'["anna", "agent_training", "ab"]',
        b'["", "agent_training", "consent"]',
        b'[1, "agent_training", "consent"]',
        b'["anna", "agent_training", 1]',
        b'["anna", "agent_training"]',
        b'{"a": 1, "b": 2, "c": 3}',
        b"[" * 100_000,
    ],
)
def test_a_key_of_another_shape_has_no_parts(key: bytes) -> None:
    assert key_parts(key) is None


def test_another_spelling_of_a_key_is_another_key() -> None:
    key = record_key("anna", PURPOSES[0], bytes(range(0xA0, 0xC0)))
    assert key_parts(key) is not None
    spaced = key.replace(b", ", b",")
    escaped = key.replace(b"anna", b"\\u0061nna")
    upper = key.replace(b"a0a1", b"A0A1")
    mapping = b'{"anna": 1, "agent_training": 2, "pause": 3}'
    assert [key_parts(other) for other in (spaced, escaped, upper, mapping)] == [None] * 4


def test_an_aspect_is_never_taken_for_a_hash() -> None:
    assert all(len(aspect.value) != 32 for aspect in Aspect)
