"""What hypothesis draws for the tests: batches, consent, keys, policies, and messages, sound and
broken. Names of people, teams and ids are canaries: they can be searched for in any output."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import fastavro
import numpy as np
from hypothesis import strategies as st

from events.batch import SCHEMA, Header, InteractionBatch, to_record
from events.clock import MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE
from events.codec import MAX_MESSAGE_BYTES, SINGLE_OBJECT_MAGIC, Codec
from events.columns import Column, pack
from events.consent import TO_TERMS, ConsentAction, Terms, Word
from events.outcomes import Rejected
from events.policy import BUNDLED_POLICY, Policy, load_policy
from events.purposes import GOVERNANCE, PURPOSES, Purpose
from events.schemas import newest, of_version
from events.sealing import MAX_SEALED_BYTES, SUBJECT, PrivateKeys, PublicKey, pad
from events.vocabulary import (
    MAX_BATCH_EVENTS,
    MAX_WHEEL_STEPS,
    OUTSIDE_PX,
    POINTER_ACTIONS,
    Action,
    Button,
    KeyClass,
    Origin,
    Role,
    Surface,
)
from producers.sealer import Sealer
from streams.keys import KeyEpoch, KeyRing
from streams.sealing_keys import SealingKeys

#: The moment all tests judge at: 2026-11-20 12:00 UTC.
NOW_MS = 1_795_176_000_000
NOTICE = "2026-11"
NOTICE_SHA256 = load_policy(BUNDLED_POLICY).notice_sha256
#: Those of the bundled policy, for every purpose; and terms that are out of force: an earlier
#: notice, another text under the same name, another lawful basis.
TERMS = Terms(NOTICE, bytes.fromhex(NOTICE_SHA256), "consent")
OLD_TERMS = TERMS._replace(notice_version="2025-01")
OUTDATED = (
    OLD_TERMS,
    TERMS._replace(notice_sha256=bytes(32)),
    TERMS._replace(lawful_basis="legitimate_interests"),
)
SUBJECTS = ("canary.anna@example.org", "canary-bjørn-4711", "canary-user12")
TEAMS = ("canary-team-red", "canary-team-blue")
APPLICATIONS = ("email", "terminal", "canary-app-secret-game")
EPOCH_STARTS_MS = (0, NOW_MS - 3 * MS_PER_DAY, NOW_MS - MS_PER_HOUR)

DTYPES: dict[str, str] = {
    "time_delta_ms": "<u2",
    "action": "u1",
    "x_px": "<u2",
    "y_px": "<u2",
    "detail": "<i2",
    "role": "u1",
}
_CODEC = Codec()
#: What people's names are sealed with in all tests, and what seals them: a session always alike.
SEALING = SealingKeys(
    PrivateKeys((hashlib.sha256(b"private").digest(),)), hashlib.sha256(b"digest").digest()
)
SEALER = Sealer(SEALING.exported(129))
OPENER = SEALING.opener
_FOR_OTHERS = PublicKey(hashlib.sha256(b"others").digest()).seal(pad(b"anna", 64), SUBJECT)


def fixed_id(kind: str, number: int) -> bytes:
    """16 bytes that occur nowhere by chance."""
    return hashlib.sha256(f"{kind} {number}".encode()).digest()[:16]


def ring(*starts_ms: int) -> KeyRing:
    """A key ring with these epoch starts; the keys are the same in every run."""
    return KeyRing(
        tuple(
            KeyEpoch(
                number,
                start_ms,
                {
                    name: hashlib.sha256(f"{number} {name}".encode()).digest()
                    for name in (*PURPOSES, GOVERNANCE)
                },
            )
            for number, start_ms in enumerate(starts_ms, start=1)
        ),
        SEALING,
    )


def key_rings() -> st.SearchStrategy[KeyRing]:
    """Rings with one to three epochs; a longer one is a rotation of a shorter one."""
    return st.integers(1, len(EPOCH_STARTS_MS)).map(lambda count: ring(*EPOCH_STARTS_MS[:count]))


def instants_ms() -> st.SearchStrategy[int]:
    """Base times near everything that matters: minutes, epochs, the future, both retentions."""
    anchors = (
        NOW_MS,
        NOW_MS + 300_000,
        NOW_MS - 2 * MS_PER_DAY,
        NOW_MS - 190 * MS_PER_DAY,
        NOW_MS - 400 * MS_PER_DAY,
        *EPOCH_STARTS_MS[1:],
    )
    near = st.sampled_from((-MS_PER_MINUTE, -1, 0, 1, 10, MS_PER_MINUTE - 1))
    return st.tuples(st.sampled_from(anchors), near | st.integers(-MS_PER_HOUR, MS_PER_HOUR)).map(
        lambda parts: parts[0] + parts[1]
    )


@st.composite
def headers(draw: st.DrawFn, number: int | None = None) -> Header:
    """A sound header; ``number`` decides the batch id."""
    session = draw(st.integers(0, 3))
    return Header(
        batch_id=fixed_id("batch", draw(st.integers(0, 2**31)) if number is None else number),
        subject=draw(st.sampled_from(SUBJECTS)),
        team=draw(st.sampled_from(TEAMS)),
        session=fixed_id("session", session),
        sequence=draw(st.sampled_from((0, 1, 2, 2**31 - 1))),
        application=draw(st.sampled_from(APPLICATIONS)),
        surface=draw(st.sampled_from(Surface)),
        origin=draw(st.sampled_from(Origin)),
        screen_width_px=draw(st.sampled_from((1, 800, 65_535))),
        screen_height_px=draw(st.sampled_from((1, 600, 65_535))),
        base_time_ms=draw(instants_ms()),
    )


def columns_of(rows: list[tuple[int, ...]]) -> dict[str, Column]:
    """Columns of rows in the order of the schema's columns."""
    values = list(zip(*rows, strict=True)) or [()] * len(DTYPES)
    return {
        name: np.array(column, dtype=dtype)
        for (name, dtype), column in zip(DTYPES.items(), values, strict=True)
    }


@st.composite
def events(draw: st.DrawFn, width_px: int, height_px: int) -> tuple[int, ...]:
    """One event, mostly sound: (delta, action, x, y, detail, role)."""
    delta_ms = draw(st.sampled_from((0, 1, 9, 400, 59_999, 65_535)))
    action = draw(st.sampled_from(Action))
    if draw(st.integers(0, 5)) == 0:
        wild = (st.sampled_from((10, 255)) | st.just(int(action)), _PX, _PX, _DETAIL, _ROLE)
        return (delta_ms, *(draw(part) for part in wild))
    x, y = 0, 0
    if action in POINTER_ACTIONS:
        x, y = draw(st.integers(0, width_px - 1)), draw(st.integers(0, height_px - 1))
    detail = 0
    if action in (Action.BUTTON_DOWN, Action.BUTTON_UP):
        detail = draw(st.sampled_from(Button))
    elif action in (Action.KEY_DOWN, Action.KEY_UP):
        detail = draw(st.sampled_from(KeyClass))
    elif action == Action.SCROLL:
        detail = draw(st.integers(-MAX_WHEEL_STEPS, MAX_WHEEL_STEPS))
    return (delta_ms, int(action), x, y, int(detail), int(draw(st.sampled_from(Role))))


_PX = st.sampled_from((0, 599, 600, 800, OUTSIDE_PX))
_DETAIL = st.sampled_from((-32_768, -1_001, -1, 0, 5, 6, 8, 9, 1_000, 1_001))
_ROLE = st.sampled_from((0, 11, 12, 255))


@st.composite
def batches(draw: st.DrawFn, number: int | None = None) -> InteractionBatch:
    """A batch whose envelope is sound; single events may not be."""
    header = draw(headers(number))
    rows = draw(
        st.lists(events(header.screen_width_px, header.screen_height_px), min_size=1, max_size=8)
    )
    return InteractionBatch(header, columns_of(rows))


def sound_batch(*rows: tuple[int, ...], **header: object) -> InteractionBatch:
    """One batch, the same in every run: ``rows`` and ``header`` say what is different about it."""
    head = Header(
        batch_id=fixed_id("batch", 0),
        subject=SUBJECTS[0],
        team=TEAMS[0],
        session=fixed_id("session", 0),
        sequence=0,
        application=APPLICATIONS[0],
        surface=Surface.DESKTOP,
        origin=Origin.LIVE,
        screen_width_px=800,
        screen_height_px=600,
        base_time_ms=NOW_MS - MS_PER_HOUR,
    )
    events_of = rows or ((0, Action.MOVE, 3, 4, 0, 0), (9, Action.BUTTON_DOWN, 3, 4, 0, 1))
    return InteractionBatch(replace(head, **header), columns_of(list(events_of)))  # type: ignore[arg-type]


def word(
    action: ConsentAction,
    subject: str = SUBJECTS[0],
    purpose: Purpose = Purpose.AGENT_TRAINING,
    terms: Terms = TERMS,
    at_ms: int = NOW_MS,
) -> Word:
    """What one person says; ``terms`` count only where the action names terms."""
    return Word(subject, purpose, action, at_ms, terms if action in TO_TERMS else None)


def words() -> st.SearchStrategy[Word]:
    """Any word of one of the three people: mostly yes, and to the terms in force."""
    yes = (ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT, ConsentAction.RESUME)
    return st.builds(
        word,
        st.sampled_from((*yes, *ConsentAction)),
        st.sampled_from(SUBJECTS),
        st.sampled_from(PURPOSES),
        st.sampled_from((TERMS, TERMS, TERMS, *OUTDATED)),
    )


def everyone_agrees() -> list[Word]:
    """All that is needed for everything of everybody to flow."""
    return [
        word(action, subject, purpose)
        for subject in SUBJECTS
        for purpose in PURPOSES
        for action in (ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT)
    ]


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Policies that take more or less, finer or coarser."""
    names = [action.name.lower() for action in Action]

    def limits(retention_days: int) -> dict[str, object]:
        return {
            "lawful_basis": "consent",
            "dpia": "DPIA-1",
            "retention_days": retention_days,
            "actions": draw(st.lists(st.sampled_from(names), min_size=4, unique=True)),
            "grid_px": draw(st.sampled_from((1, 4, 7, 4_096))),
            "tick_ms": draw(st.sampled_from((1, 10, 1_000, 60_000))),
            "smallest_group": 10,
        }

    return Policy.model_validate(
        {
            "version": 1,
            "notice_version": NOTICE,
            "notice_sha256": NOTICE_SHA256,
            "clock_tolerance_ms": 300_000,
            "lateness_ms": 120_000,
            "applications": ["email", "terminal"],
            "purposes": {"agent_training": limits(400), "team_analytics": limits(190)},
            "sha256": "0" * 64,
        }
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as it was sent: the batch in it, or the reason that it must be refused for."""

    value: bytes | None
    batch: InteractionBatch | None = None
    reason: Rejected | None = None


def encoded(batch: InteractionBatch) -> bytes:
    """The batch as a message, sealed, whatever is wrong with it."""
    return _CODEC.encode(SCHEMA, record_of(batch))


def record_of(batch: InteractionBatch) -> dict[str, Any]:
    """The record of a batch, sealed if it is not yet."""
    return to_record(SEALER.sealed(batch) if batch.header.subject else batch)


def written_in(version: int, batch: InteractionBatch) -> bytes:
    """The batch as a message of that version of the schema: in 1 its subject is readable, in 1 and
    2 its places are in pixels."""
    schema, record = of_version(SCHEMA, version), record_of(batch)
    if schema is newest(SCHEMA):
        return encoded(batch)
    record |= pack(batch.columns, schema.packed)
    if version == 1:
        record["subject"] = batch.header.subject
    out = io.BytesIO()
    out.write(SINGLE_OBJECT_MAGIC + schema.fingerprint)
    fastavro.schemaless_writer(out, schema.parsed, record)
    return out.getvalue()


@st.composite
def broken(draw: st.DrawFn) -> Sent:
    """A message that must be refused whole, with the reason."""
    batch = draw(batches())
    header, value = batch.header, encoded(batch)

    def with_header(name: str, bad: object) -> bytes:
        wrong = replace(SEALER.sealed(batch).header, **{name: bad})  # type: ignore[arg-type]
        return encoded(InteractionBatch(wrong, batch.columns))

    def sealed_as(text: bytes) -> bytes:
        return with_header("sealed_subject", text)

    def resized(rows: int, *names: str) -> bytes:
        columns = dict(batch.columns)
        columns.update((name, np.resize(columns[name], rows)) for name in names or DTYPES)
        return encoded(InteractionBatch(header, columns))

    faults: tuple[tuple[Rejected, Callable[[], bytes | None]], ...] = (
        (Rejected.UNDECODABLE, lambda: None),
        (Rejected.UNDECODABLE, lambda: b""),
        (Rejected.UNDECODABLE, lambda: b"{}" + header.subject.encode()),
        (Rejected.UNDECODABLE, lambda: value[: len(value) // 2]),
        (Rejected.UNDECODABLE, lambda: value + b"\0"),
        (Rejected.UNKNOWN_SCHEMA, lambda: b"\xc3\x01" + b"\0" * 8 + value[10:]),
        (Rejected.UNKNOWN_SCHEMA, lambda: b"\0\0\0\0\x01" + value[10:]),
        (Rejected.TOO_LARGE, lambda: value + b"\0" * MAX_MESSAGE_BYTES),
        (Rejected.INVALID_HEADER, lambda: sealed_as(bytes(MAX_SEALED_BYTES + 1))),
        (Rejected.SUBJECT_NOT_OPENED, lambda: sealed_as(b"\0")),
        (Rejected.SUBJECT_NOT_OPENED, lambda: sealed_as(_FOR_OTHERS)),
        (Rejected.INVALID_HEADER, lambda: with_header("surface", 9)),
        (Rejected.INVALID_HEADER, lambda: with_header("base_time_ms", 2**63 - 1)),
        (Rejected.NEGATIVE_TIME, lambda: with_header("base_time_ms", -1)),
        (Rejected.TOO_MANY_EVENTS, lambda: resized(MAX_BATCH_EVENTS + 1)),
        (Rejected.EMPTY_BATCH, lambda: resized(0)),
        (Rejected.UNEQUAL_COLUMNS, lambda: resized(len(batch) + 1, "role")),
    )
    reason, make = draw(st.sampled_from(faults))
    return Sent(make(), reason=reason)


@st.composite
def runs(draw: st.DrawFn, most: int = 6) -> list[Sent]:
    """What stands in one partition, by offset: distinct batches, by producers of any version,
    published once or more, and broken messages between them."""
    versions = st.sampled_from((1, 2, 3))
    distinct = [
        Sent(written_in(draw(versions), batch), batch)
        for batch in (draw(batches(number)) for number in range(draw(st.integers(0, most))))
    ]
    again = draw(st.lists(st.sampled_from(distinct), max_size=2)) if distinct else []
    return draw(st.permutations(distinct + again + draw(st.lists(broken(), max_size=2))))
