"""Pseudonyms: the same where they must be, unrelated everywhere else."""

from __future__ import annotations

import hashlib
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from events.codec import Codec
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import GOVERNANCE, PURPOSES, Purpose
from events.subject_secret import SubjectSecret
from streams.decode import RawMessage, decode
from streams.keys import KeyRing
from streams.minimise import minimise
from streams.pseudonymise import Pseudonymised, keyed_id, pseudonymise, subject_id
from tests.kit.consent import person
from tests.kit.secrets import secrets
from tests.strategies import (
    EPOCH_STARTS_MS,
    OPENER,
    SEALING,
    SUBJECTS,
    Sent,
    batches,
    encoded,
    fixed_id,
    key_rings,
    ring,
    sound_batch,
)

POLICY = load_policy(BUNDLED_POLICY)
SAME = b"sixteen bytes !!"
KNOWN = secrets().known(SUBJECTS, SEALING) | {SAME.decode(): SubjectSecret(SAME, 0)}
_COLUMNS = (
    "pseudonym",
    "session",
    "batch",
    "epoch",
    "sequence",
    "team",
    "application",
    "surface",
    "origin",
    "screen_width_px",
    "screen_height_px",
)


def pseudonymised(
    run: list[Sent], keys: KeyRing, purpose: Purpose = Purpose.AGENT_TRAINING
) -> Pseudonymised:
    found, _ = decode(
        [RawMessage(at, 0, sent.value) for at, sent in enumerate(run)], Codec(), OPENER
    )
    fates = np.zeros(len(found.time_ms), dtype=np.uint8)
    limits = POLICY.purposes[purpose]
    return pseudonymise(minimise(found, fates, limits, frozenset()), keys, purpose, KNOWN)


def rows(found: Pseudonymised) -> list[tuple[object, ...]]:
    """Every event with its batch, in the order they stand in."""
    batch = list(zip(*(list(getattr(found, name)) for name in _COLUMNS), strict=True))
    events = found.events
    names = ("index", "time_ms", "action", "x_px", "y_px", "detail", "role")
    columns = [getattr(events, name).tolist() for name in names]
    return [
        (*batch[owner], *event)
        for owner, *event in zip(events.owner.tolist(), *columns, strict=True)
    ]


def test_an_id_is_keyed_blake2b_with_the_kind_as_personalisation() -> None:
    key, digest = b"k" * 32, hashlib.blake2b(b"x", digest_size=8, key=b"k" * 32, person=b"batch")
    assert keyed_id(key, "batch", b"x") == int.from_bytes(digest.digest(), "little")


@given(subject=st.text(min_size=1, max_size=20))
def test_one_person_is_one_pseudonym_in_a_purpose_and_epoch_and_another_in_every_other(
    subject: str,
) -> None:
    keys = ring(*EPOCH_STARTS_MS)
    ids = [
        subject_id(epoch.keys[domain], person(subject))
        for epoch in keys.epochs
        for domain in (*PURPOSES, GOVERNANCE)
    ]
    assert len(set(ids)) == len(ids)
    assert ids == [
        subject_id(epoch.keys[domain], person(subject))
        for epoch in ring(*EPOCH_STARTS_MS).epochs
        for domain in (*PURPOSES, GOVERNANCE)
    ]


def test_ids_of_one_key_and_another_differ_in_about_half_of_their_bits() -> None:
    keys = ring(0).epochs[0].keys
    for one, other in combinations((*PURPOSES, GOVERNANCE), 2):
        bits = [
            (subject_id(keys[one], each) ^ subject_id(keys[other], each)).bit_count()
            for each in (person(f"user{n}") for n in range(500))
        ]
        assert 31 < sum(bits) / len(bits) < 33


def test_a_person_a_session_and_a_batch_with_equal_bytes_get_three_ids() -> None:
    batch = sound_batch(subject=SAME.decode(), session=SAME, batch_id=SAME)
    found = pseudonymised([Sent(encoded(batch))], ring(0))
    assert len({int(found.pseudonym[0]), int(found.session[0]), int(found.batch[0])}) == 3


@st.composite
def distinct(draw: st.DrawFn) -> list[Sent]:
    count = draw(st.integers(0, 5))
    return [Sent(encoded(draw(batches(number)))) for number in range(count)]


@given(run=distinct(), keys=key_rings(), data=st.data())
def test_the_order_of_reading_leaves_no_trace(
    run: list[Sent], keys: KeyRing, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(run))
    assert rows(pseudonymised(shuffled, keys)) == rows(pseudonymised(run, keys))


@given(run=distinct(), keys=key_rings())
def test_batches_stand_by_person_session_and_sequence_with_their_own_events(
    run: list[Sent], keys: KeyRing
) -> None:
    found = pseudonymised(run, keys)
    order = list(zip(found.pseudonym, found.session, found.sequence, found.batch, strict=True))
    assert order == sorted(order)
    counts = np.bincount(found.events.owner, minlength=len(order)).tolist()
    assert found.events.event_count.tolist() == counts
    assert found.events.owner.tolist() == sorted(found.events.owner.tolist())
    dtypes = [getattr(found, name).dtype.name for name in ("pseudonym", "epoch", "sequence")]
    assert dtypes == ["uint64", "uint16", "uint32"]


def test_the_epoch_is_that_of_the_base_time_even_where_events_run_past_its_end() -> None:
    late = sound_batch((0, 0, 1, 1, 0, 0), (65_535, 0, 1, 1, 0, 0), base_time_ms=4_999)
    found = pseudonymised([Sent(encoded(late))], ring(0, 5_000))
    assert found.epoch.tolist() == [1]


def test_nothing_shows_in_a_repr() -> None:
    found = pseudonymised([Sent(encoded(sound_batch()))], ring(0))
    assert "canary" not in repr(found)
    assert str(int(found.pseudonym[0])) not in repr(found)
    assert fixed_id("batch", 0).hex() not in repr(found)
