"""The hash of a consent record: over every field, and no help to who guesses names."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from events.consent import Actor, ActorRole, ConsentAction
from events.consent_hash import record_hash, who_hash
from events.purposes import Purpose
from tests.kit.consent import person, record
from tests.strategies import OLD_TERMS, SUBJECTS, TERMS, word

WORD = replace(
    word(ConsentAction.GRANT), actor=Actor(ActorRole.OPERATOR, "7f3c9a"), jurisdiction="DE"
)
RECORD = record(WORD, 3, bytes(32))

CHANGED = {
    "person": replace(RECORD, person=person(SUBJECTS[1])),
    "purpose": replace(RECORD, word=replace(WORD, purpose=Purpose.TEAM_ANALYTICS)),
    "action": replace(RECORD, word=replace(WORD, action=ConsentAction.ACKNOWLEDGE)),
    "time": replace(RECORD, word=replace(WORD, at_ms=WORD.at_ms + 1)),
    "notice": replace(RECORD, word=replace(WORD, terms=OLD_TERMS)),
    "text": replace(RECORD, word=replace(WORD, terms=TERMS._replace(notice_sha256=bytes(32)))),
    "basis": replace(RECORD, word=replace(WORD, terms=TERMS._replace(lawful_basis="contract"))),
    "no terms": replace(RECORD, word=replace(WORD, terms=None)),
    "role": replace(
        RECORD, word=replace(WORD, actor=Actor(ActorRole.REPRESENTATIVE, WORD.actor.id))
    ),
    "actor": replace(RECORD, word=replace(WORD, actor=WORD.actor._replace(id="7f3c9b"))),
    "law": replace(RECORD, word=replace(WORD, jurisdiction="AT")),
    "number": replace(RECORD, number=4),
    "previous": replace(RECORD, previous=bytes([1]) * 32),
    "no previous": replace(RECORD, previous=b""),
    "salt": replace(RECORD, salt=bytes([1]) * 16),
}


def test_every_field_of_a_record_is_in_its_hash() -> None:
    hashes = [RECORD.name, *(changed.name for changed in CHANGED.values())]
    assert len(set(hashes)) == len(hashes)
    assert all(len(each) == 32 for each in hashes)


def test_what_one_field_loses_another_cannot_gain() -> None:
    moved = replace(WORD, jurisdiction="7f3c9aDE", actor=WORD.actor._replace(id=""))
    assert record_hash(moved, b"", 0, b"") != record_hash(WORD, b"", 0, b"")
    assert who_hash(b"ab", b"c") != who_hash(b"b", b"ca") != who_hash(b"", b"cab")


def test_the_hash_is_what_it_was() -> None:
    """Records are out for good: a change of the encoding would break every chain."""
    who = hashlib.sha256(
        b"glasshouse consent v2 who\x00"
        + (16).to_bytes(4, "big") + bytes(16)
        + (16).to_bytes(4, "big") + person(SUBJECTS[0])
    ).digest()  # fmt: skip
    told = [
        who,
        bytes(32),
        b"agent_training",
        b"grant",
        b"2026-11",
        TERMS.notice_sha256.hex().encode(),
        b"consent",
        b"operator",
        b"7f3c9a",
        b"DE",
        str(WORD.at_ms).encode(),
        b"3",
    ]
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in told)
    assert RECORD.who == who
    assert RECORD.name == hashlib.sha256(b"glasshouse consent v2 record\x00" + framed).digest()


@pytest.mark.parametrize("guess", SUBJECTS)
def test_who_has_no_salt_or_no_digest_key_finds_nobody_by_trying_the_list_of_employees(
    guess: str,
) -> None:
    """What officers see of a record: its hash, the commitment to the person, and the rest. Even who
    reads Kafka as well, and so has the salt, needs the digest key to try a name."""
    salt = b"\x07" * 16
    found = replace(RECORD, salt=salt)
    salts = (b"", bytes(16), found.previous[:16])
    assert found.who not in {who_hash(person(guess), other) for other in salts}
    assert found.who not in {who_hash(tried, salt) for tried in (guess.encode(), bytes(16))}
    assert (who_hash(person(guess), salt) == found.who) == (guess == SUBJECTS[0])


def test_a_person_s_commitments_are_not_equal_in_two_records() -> None:
    assert who_hash(person("anna"), b"1" * 16) != who_hash(person("anna"), b"2" * 16)
