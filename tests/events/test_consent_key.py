"""Keys of consent records: one for each record, and what they tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.consent import ConsentAction, Word
from events.consent_key import Aspect, early_key, key_parts, keys_of, named_in, record_key
from events.purposes import PURPOSES, Purpose
from tests.kit.consent import DIGEST_KEY, chained, early, person
from tests.strategies import SUBJECTS, word, words

subjects = st.text('aø\\"[]{}, ', min_size=1, max_size=8)
people = st.binary(min_size=16, max_size=16)
hashes = st.binary(min_size=32, max_size=32)
ANNA, BEN = person("anna"), person("ben")


@given(said=st.lists(words(), min_size=1, max_size=6))
def test_no_record_replaces_another(said: list[Word]) -> None:
    keys = [record.key for record in chained(said)]
    assert len(set(keys)) == len(keys)


def test_a_record_of_the_first_version_replaces_the_one_before_of_its_aspect() -> None:
    grant, withdraw, pause, resume = (
        early(word(action)).key
        for action in (
            *(ConsentAction.GRANT, ConsentAction.WITHDRAW),
            *(ConsentAction.PAUSE, ConsentAction.RESUME),
        )
    )
    assert grant == withdraw
    assert pause == resume
    assert key_parts(grant, DIGEST_KEY) != key_parts(pause, DIGEST_KEY)


@given(person=people, purpose=st.sampled_from(PURPOSES), name=hashes)
def test_a_key_tells_its_parts_whoever_has_the_digest_key_or_not(
    person: bytes, purpose: Purpose, name: bytes
) -> None:
    key = record_key(person, purpose, name)
    assert key_parts(key, DIGEST_KEY) == key_parts(key, b"none") == (person, purpose, name)
    assert named_in(key) is None


@given(subject=subjects, purpose=st.sampled_from(PURPOSES), aspect=st.sampled_from(Aspect))
def test_a_key_of_the_first_version_is_about_whom_it_names(
    subject: str, purpose: Purpose, aspect: Aspect
) -> None:
    key = early_key(subject, purpose, aspect)
    assert key_parts(key, DIGEST_KEY) == (person(subject), purpose, aspect.value.encode())
    assert named_in(key) == subject


def test_a_key_tells_nothing_of_a_name_to_who_has_not_the_digest_key() -> None:
    """Names of any length have keys of one length, and another digest key gives other keys."""
    keys = [record_key(person(name), PURPOSES[0], bytes(32)) for name in ("a", "a" * 128)]
    assert len({len(key) for key in keys}) == 1
    assert not any(b"aaaa" in key for key in keys)


@given(others=st.lists(words(), max_size=12))
def test_the_keys_of_a_person_s_records_are_found_by_the_digest_and_no_others(
    others: list[Word],
) -> None:
    hers = [word(action, "anna", purpose) for purpose in PURPOSES for action in ConsentAction]
    named = [
        early(word(action, "anna")).key for action in (ConsentAction.PAUSE, ConsentAction.GRANT)
    ]
    keys = [record.key for record in chained([*hers, *others])]
    found = keys_of({ANNA}, [*keys, *named, b"no key of ours"], DIGEST_KEY)
    assert sorted(found) == sorted([*keys[: len(hers)], *named])
    everybody = {ANNA, *map(person, SUBJECTS)}
    assert len(keys_of(everybody, [*keys, *named], DIGEST_KEY)) == len(keys) + len(named)
    assert keys_of({BEN}, [*keys, *named], DIGEST_KEY) == []


def test_names_that_look_like_parts_of_an_early_key_do_not_collide() -> None:
    def key(subject: str) -> bytes:
        return early_key(subject, Purpose.AGENT_TRAINING, Aspect.PAUSE)

    assert key('a", "team_analytics') != key("a")
    assert key("a\\") != key("a")


@given(key=st.none() | st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_bytes_that_are_no_key_have_no_parts(key: bytes | None) -> None:
    assert key_parts(key, DIGEST_KEY) is None


@pytest.mark.parametrize(
    "key",
    [
        b"\x02",
        b"\x02" + bytes(48),
        b"\x02" + bytes(48) + b"performance",
        b"\x02" + bytes(47) + b"agent_training",
        b"\x02" + bytes(49) + b"agent_training",
        b"\x02" + bytes(48) + b"agent_training ",
        b"\x03" + bytes(48) + b"agent_training",
        b'["anna", "performance", "consent"]',
        b'["anna", "agent_training", "mood"]',
        b'["anna", "agent_training", "%s"]' % (b"ab" * 32),
        b'["", "agent_training", "consent"]',
        b'[1, "agent_training", "consent"]',
        b'["anna", "agent_training", 1]',
        b'["anna", [], "consent"]',
        b'["anna", "agent_training"]',
        b'["\\ud800", "agent_training", "consent"]',
        b'{"a": 1, "b": 2, "c": 3}',
        b"[" * 100_000,
    ],
)
def test_a_key_of_another_shape_has_no_parts(key: bytes) -> None:
    assert key_parts(key, DIGEST_KEY) is None


def test_another_spelling_of_an_early_key_is_another_key() -> None:
    key = early_key("anna", PURPOSES[0], Aspect.PAUSE)
    assert key_parts(key, DIGEST_KEY) is not None
    spaced = key.replace(b", ", b",")
    escaped = key.replace(b"anna", b"\\u0061nna")
    mapping = b'{"anna": 1, "agent_training": 2, "pause": 3}'
    others = (spaced, escaped, mapping, b" " + key)
    assert [key_parts(other, DIGEST_KEY) for other in others] == [None] * 4


def test_an_aspect_is_never_taken_for_a_hash() -> None:
    assert all(len(aspect.value) != 32 for aspect in Aspect)
