"""Opening the names of people: once a session, with any key there is, or refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from events.batch import SCHEMA, Header, from_record
from events.codec import Codec
from events.errors import Reject
from events.outcomes import Rejected
from events.sealing import SUBJECT, PrivateKeys, pad
from producers.sealer import Sealer
from streams.decode import RawMessage, decode
from streams.open_subjects import SubjectOpener
from streams.sealing_keys import SealingKeys
from tests.strategies import (
    OPENER,
    SEALER,
    SEALING,
    SUBJECTS,
    batches,
    encoded,
    fixed_id,
    sound_batch,
    written_in,
)

BATCH = sound_batch()


def header_of(sealed: bytes) -> Header:
    return replace(BATCH.header, subject="", sealed_subject=sealed)


@given(batch=batches())
def test_a_worker_reads_whose_a_batch_is_and_nobody_else(batch: object) -> None:
    value = encoded(batch)  # type: ignore[arg-type]
    (header,) = decode([RawMessage(0, 0, value)], Codec(), OPENER)[0].headers
    assert header.subject == batch.header.subject  # type: ignore[attr-defined]
    (sealed,) = decode([RawMessage(0, 0, value)], Codec())[0].headers
    assert sealed.subject == ""
    assert not [name for name in SUBJECTS if name.encode() in value]


def test_all_batches_of_a_session_carry_one_sealed_text_and_no_two_sessions_do() -> None:
    sealer = Sealer(SEALING.exported())
    texts = [
        sealer.sealed(sound_batch(session=fixed_id("session", number // 2))).header.sealed_subject
        for number in range(6)
    ]
    assert len(set(texts)) == 3
    assert texts[0] == texts[1]
    assert SEALER.sealed(BATCH).header.sealed_subject == SEALER.sealed(BATCH).header.sealed_subject


def test_a_sealed_text_is_opened_once_however_often_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []
    opening = PrivateKeys.open

    def counted(self: PrivateKeys, sealed: bytes, kind: bytes) -> bytes | None:
        calls.append(sealed)
        return opening(self, sealed, kind)

    monkeypatch.setattr(PrivateKeys, "open", counted)
    opener = SubjectOpener(SEALING.private)
    decode([RawMessage(at, 0, encoded(BATCH)) for at in range(50)], Codec(), opener)
    assert len(calls) == 1


@pytest.mark.parametrize(
    "sealed",
    [
        b"\0",
        bytes(116),
        SealingKeys.new().public.seal(pad(b"anna", 64), SUBJECT),
        SEALING.public.seal(pad(b"anna", 64), b"another thing"),
        SEALING.public.seal(b"not padded", SUBJECT),
        SEALING.public.seal(pad(b"", 64), SUBJECT),
        SEALING.public.seal(pad(b"x" * 129, 200), SUBJECT),
        SEALING.public.seal(pad(b"\xff\xfe", 64), SUBJECT),
    ],
    ids=[
        *("one byte", "zeros", "another key", "another thing", "not padded", "no name"),
        *("too long", "no text"),
    ],
)
def test_what_does_not_open_to_a_name_is_refused_with_a_reason_of_its_own(sealed: bytes) -> None:
    with pytest.raises(Reject) as refusal:
        OPENER.opened(header_of(sealed))
    assert refusal.value.reason is Rejected.SUBJECT_NOT_OPENED


def test_after_a_rotation_old_and_new_producers_are_understood() -> None:
    rotated = SEALING.rotated()
    assert rotated.digest_key == SEALING.digest_key
    for keys in (SEALING, rotated):
        sealed = Sealer(keys.exported()).sealed(BATCH)
        assert rotated.opener.opened(sealed.header).subject == BATCH.header.subject
    new = Sealer(rotated.exported()).sealed(BATCH)
    with pytest.raises(Reject):
        SubjectOpener(SEALING.private).opened(new.header)


def test_a_batch_from_before_subjects_were_sealed_is_still_read() -> None:
    batch = from_record(Codec().decode(SCHEMA, written_in(1, BATCH)))
    assert OPENER.opened(batch.header) == BATCH.header
