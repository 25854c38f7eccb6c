"""What must come out of the streams, worked out event by event in plain Python.

Written from the map alone: no NumPy and nothing of `streams/`, so that it cannot share a fault with
what it checks. Only the derivation of ids is the same by nature (keyed BLAKE2b).
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from events.batch import Header, InteractionBatch
from events.consent import ConsentAction, Word
from events.policy import Policy, PurposePolicy
from events.purposes import Purpose
from tests.strategies import Sent

Row = tuple[object, ...]
Event = tuple[int, int, int, int, int]  # action, x, y, detail, role
Epochs = Sequence[tuple[int, int, Mapping[str, bytes]]]  # number, start ms, keys by domain

_PLACED = (0, 1, 2, 3)
_MINUTE_MS = 60_000


def secret_of(subject: str) -> bytes:
    """The secret that the tests give everybody (tests/kit/secrets.py)."""
    return hashlib.sha256(f"secret of {subject}".encode()).digest()


def keyed(key: bytes, kind: str, value: bytes) -> int:
    """uint64, little-endian, of ``value`` under ``key``."""
    digest = hashlib.blake2b(value, digest_size=8, key=key, person=kind.encode()).digest()
    return sum(byte << (8 * place) for place, byte in enumerate(digest))


def digest_of(subject: str, key: bytes) -> bytes:
    """What Kafka's compacted topics call a person."""
    person = b"subject digest"
    return hashlib.blake2b(subject.encode(), digest_size=16, key=key, person=person).digest()


def terms_of(policy: Policy, purpose: Purpose) -> Row:
    """What must have been acknowledged and granted: notice, its text's hash, lawful basis."""
    basis = policy.purposes[purpose].lawful_basis
    return policy.notice_version, bytes.fromhex(policy.notice_sha256), basis


def objection(words: Iterable[Word], subject: str, purpose: Purpose, terms: Row) -> str:
    """Why nothing of ``subject`` may flow, from every word ever said in order; "" if it may."""
    said = [word for word in words if word.subject == subject and word.purpose == purpose]
    stops = {ConsentAction.WITHDRAW: "withdrawn", ConsentAction.OBJECT: "objected"}
    answers = [w for w in said if w.action is ConsentAction.GRANT or w.action in stops]
    notices = [w for w in said if w.action is ConsentAction.ACKNOWLEDGE]
    pauses = [w for w in said if w.action in (ConsentAction.PAUSE, ConsentAction.RESUME)]
    if not answers:
        return "not_enrolled"
    if answers[-1].action in stops:
        return stops[answers[-1].action]
    if not notices:
        return "not_acknowledged"
    if notices[-1].terms != terms or answers[-1].terms != terms:
        return "notice_outdated"
    return "paused" if pauses and pauses[-1].action is ConsentAction.PAUSE else ""


def unsound(event: Event, width: int, height: int) -> str:  # noqa: PLR0911 (a return a reason)
    """The first fault of an event by itself; "" if there is none."""
    action, x, y, detail, role = event
    if action > 9:
        return "unknown_action"
    if role > 11:
        return "unknown_role"
    if action in (1, 2) and not 0 <= detail <= 5:
        return "unknown_detail"
    if action in (4, 5) and not 0 <= detail <= 8:
        return "unknown_detail"
    if action == 3 and abs(detail) > 1_000:
        return "unknown_detail"
    if action in (0, 6, 7, 8, 9) and detail != 0:
        return "unknown_detail"
    if action in _PLACED and (x >= width or y >= height):
        return "coordinate_out_of_range"
    return ""


@dataclass(slots=True)
class Expected:
    """Rows of both purposes by identity; books by (purpose, offset): (batch, fates by reason)."""

    training: dict[Row, Row] = field(default_factory=dict)
    partials: dict[Row, Row] = field(default_factory=dict)
    books: dict[tuple[str, int], tuple[int, Counter[str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class World:
    """What events are judged by."""

    words: Sequence[Word]
    policy: Policy
    epochs: Epochs
    now_ms: int


def expect(run: Sequence[Sent], world: World) -> Expected:
    """What the messages of ``run``, at offsets 0, 1, 2, ..., must lead to."""
    expected = Expected()
    for offset, sent in enumerate(run):
        for purpose in Purpose:
            if sent.batch is None:
                assert sent.reason is not None
                expected.books[purpose.value, offset] = (0, Counter({sent.reason.value: 1}))
            else:
                _expect_batch(expected, offset, sent.batch, purpose, world)
    return expected


def _expect_batch(
    expected: Expected, offset: int, batch: InteractionBatch, purpose: Purpose, world: World
) -> None:
    terms = terms_of(world.policy, purpose)
    no = objection(world.words, batch.header.subject, purpose, terms)
    no = no or ("" if _has_keys(batch, world) else "epoch_destroyed")
    if no:
        fates, rows = Counter({no: len(batch)}), dict[Row, Row]()
    else:
        fates, rows = of_the_willing(batch, purpose, world)
    expected.books[purpose.value, offset] = (
        name_in_the_books(batch, purpose, world),
        fates,
    )
    target = expected.training if purpose is Purpose.AGENT_TRAINING else expected.partials
    target.update(rows)


def name_in_the_books(batch: InteractionBatch, purpose: Purpose, world: World) -> int:
    """What the purpose's rows call the batch, under the governance key of its epoch; 0 where it
    begins in the future, and where there is no such key."""
    if _is_of_the_future(batch, world) or not _has_keys(batch, world):
        return 0
    keys = _epoch(batch, world)[2]
    in_the_rows = keyed(keys[purpose.value], "batch", batch.header.batch_id)
    return keyed(keys["governance"], "batch", in_the_rows.to_bytes(8, "little"))


def of_the_willing(
    batch: InteractionBatch, purpose: Purpose, world: World
) -> tuple[Counter[str], dict[Row, Row]]:
    """What a batch comes to where its person has agreed: events by fate, and the rows by identity;
    what was said to ``world`` does not matter."""
    limits = world.policy.purposes[purpose]
    earliest_ms = world.now_ms - limits.retention_days * 86_400_000
    span_ms = (earliest_ms, world.now_ms + world.policy.clock_tolerance_ms)
    taken = frozenset(int(code) for code in limits.action_codes)
    fates: Counter[str] = Counter()
    passing: list[tuple[int, ...]] = []
    for index, (time_ms, event) in enumerate(_events(batch)):
        fate = _fate(time_ms, event, batch.header, span_ms, taken)
        fates[fate or "passed"] += 1
        if not fate:
            passing.append((index, *_coarse(time_ms, event, limits)))
    return fates, _rows(batch, purpose, world, passing) if passing else {}


def _has_keys(batch: InteractionBatch, world: World) -> bool:
    """False where the keys of its epoch were destroyed; that of the future is not there yet."""
    return _is_of_the_future(batch, world) or bool(_epoch(batch, world)[2])


def _is_of_the_future(batch: InteractionBatch, world: World) -> bool:
    return batch.header.base_time_ms > world.now_ms + world.policy.clock_tolerance_ms


def _epoch(batch: InteractionBatch, world: World) -> tuple[int, int, Mapping[str, bytes]]:
    return [epoch for epoch in world.epochs if epoch[1] <= batch.header.base_time_ms][-1]


def _rows(
    batch: InteractionBatch, purpose: Purpose, world: World, passing: Sequence[tuple[int, ...]]
) -> dict[Row, Row]:
    head = batch.header
    number, _, keys = _epoch(batch, world)
    key = keys[purpose.value]
    person = keyed(key, "subject", secret_of(head.subject))
    batch_id = keyed(key, "batch", head.batch_id)
    application = head.application if head.application in world.policy.applications else "other"
    if purpose is Purpose.AGENT_TRAINING:
        common = (
            person,
            keyed(key, "session", secret_of(head.subject) + head.session),
            number,
            head.sequence,
            application,
            head.surface,
            head.origin,
            head.screen_width_px,
            head.screen_height_px,
        )
        return {(batch_id, index): (*common, *rest) for index, *rest in passing}
    return {
        (batch_id, start_ms): (head.team, application, person, number, head.origin, *counts)
        for start_ms, counts in _minutes(passing).items()
    }


def _events(batch: InteractionBatch) -> Iterable[tuple[int, Event]]:
    """(time in ms, (action, x, y, detail, role)) of each event."""
    time_ms = batch.header.base_time_ms
    names = ("time_delta_ms", "action", "x_px", "y_px", "detail", "role")
    columns = [batch.columns[name].tolist() for name in names]
    for delta_ms, action, x, y, detail, role in zip(*columns, strict=True):
        time_ms += delta_ms
        yield time_ms, (action, x, y, detail, role)


def _fate(
    time_ms: int, event: Event, head: Header, span_ms: tuple[int, int], taken: frozenset[int]
) -> str:
    """What becomes of an event; "" if it passes. It is too old before ``span_ms``, in the future
    after it, and its action must be one of ``taken``."""
    fault = unsound(event, head.screen_width_px, head.screen_height_px)
    if fault:
        return fault
    if time_ms > span_ms[1]:
        return "in_future"
    if time_ms < span_ms[0]:
        return "before_retention"
    return "" if event[0] in taken else "action_not_collected"


def _coarse(time_ms: int, event: Event, limits: PurposePolicy) -> tuple[int, ...]:
    """(time, action, x, y, detail, role) at the policy's tick and grid."""
    action, x, y, detail, role = event
    tick, grid = limits.tick_ms, limits.grid_px
    place = (x // grid * grid, y // grid * grid) if action in _PLACED else (0, 0)
    return (time_ms // tick * tick, action, *place, detail, role)


def _minutes(passing: Sequence[tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    """Counts by start of minute: events, each action, each key class, wheel steps, path in px."""
    counts: dict[int, list[int]] = {}
    paths: dict[int, list[float]] = {}
    before: tuple[int, int] | None = None
    for _, time_ms, action, x, y, detail, _ in passing:
        start_ms = time_ms // _MINUTE_MS * _MINUTE_MS
        row = counts.setdefault(start_ms, [0] * 21)
        path = paths.setdefault(start_ms, [])
        row[0] += 1
        row[1 + action] += 1
        if action == 4:
            row[11 + detail] += 1
        if action == 3:
            row[20] += abs(detail)
        if action in _PLACED:
            if before is not None:
                path.append(math.hypot(x - before[0], y - before[1]))
            before = (x, y)
    return {start: (*row, round(sum(paths[start]))) for start, row in counts.items()}
