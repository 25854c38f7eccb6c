"""Messages that must be refused: one of every kind that a faulty producer could send.

A broken message takes the place of a sound one, so no batch id occurs twice. A message of more
than ``MAX_MESSAGE_BYTES`` is not among them: a broker with its default limit refuses it first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum, unique
from typing import Any

import numpy as np

from events.batch import SCHEMA, InteractionBatch, to_record
from events.codec import SINGLE_OBJECT_MAGIC, Codec
from events.outcomes import WHOLE_MESSAGE, Rejected
from events.sealing import routing_key
from events.vocabulary import MAX_BATCH_EVENTS, OUTSIDE_PX, Action
from producers.sealer import Sealer
from producers.simulation.habits import Array

#: 2100-01-01 and 2000-01-01 UTC: beyond any clock's tolerance, and any retention a policy allows.
FAR_FUTURE_MS = 4_102_444_800_000
LONG_AGO_MS = 946_684_800_000

_NO_ACTION, _NO_ROLE, _NO_DETAIL = 200, 200, 9_999
_NO_FINGERPRINT = b"\xff" * 8
_NO_TEAM = "Not An Identifier"
_FOR_OTHERS = bytes(116)


@unique
class Fault(StrEnum):
    """What is wrong with a message."""

    TRUNCATED = "truncated"
    WRONG_MAGIC = "wrong_magic"
    UNKNOWN_FINGERPRINT = "unknown_fingerprint"
    UNEQUAL_COLUMNS = "unequal_columns"
    EMPTY_BATCH = "empty_batch"
    TOO_MANY_EVENTS = "too_many_events"
    INVALID_TEAM = "invalid_team"
    BEFORE_1970 = "before_1970"
    SEALED_FOR_OTHERS = "sealed_for_others"
    UNKNOWN_ACTION = "unknown_action"
    UNKNOWN_ROLE = "unknown_role"
    UNKNOWN_DETAIL = "unknown_detail"
    OUTSIDE_SCREEN = "outside_screen"
    FAR_FUTURE = "far_future"
    LONG_AGO = "long_ago"


REASON: dict[Fault, Rejected] = {
    Fault.TRUNCATED: Rejected.UNDECODABLE,
    Fault.WRONG_MAGIC: Rejected.UNDECODABLE,
    Fault.UNKNOWN_FINGERPRINT: Rejected.UNKNOWN_SCHEMA,
    Fault.UNEQUAL_COLUMNS: Rejected.UNEQUAL_COLUMNS,
    Fault.EMPTY_BATCH: Rejected.EMPTY_BATCH,
    Fault.TOO_MANY_EVENTS: Rejected.TOO_MANY_EVENTS,
    Fault.INVALID_TEAM: Rejected.INVALID_HEADER,
    Fault.BEFORE_1970: Rejected.NEGATIVE_TIME,
    Fault.SEALED_FOR_OTHERS: Rejected.SUBJECT_NOT_OPENED,
    Fault.UNKNOWN_ACTION: Rejected.UNKNOWN_ACTION,
    Fault.UNKNOWN_ROLE: Rejected.UNKNOWN_ROLE,
    Fault.UNKNOWN_DETAIL: Rejected.UNKNOWN_DETAIL,
    Fault.OUTSIDE_SCREEN: Rejected.COORDINATE_OUT_OF_RANGE,
    Fault.FAR_FUTURE: Rejected.IN_FUTURE,
    Fault.LONG_AGO: Rejected.BEFORE_RETENTION,
}

#: Faults of one event: what is written into it. A place that cannot be expressed is a movement's.
_IN_ONE_EVENT: dict[Fault, dict[str, int]] = {
    Fault.UNKNOWN_ACTION: {"action": _NO_ACTION},
    Fault.UNKNOWN_ROLE: {"role": _NO_ROLE},
    Fault.UNKNOWN_DETAIL: {"detail": _NO_DETAIL},
    Fault.OUTSIDE_SCREEN: {"action": Action.MOVE, "x_px": OUTSIDE_PX, "detail": 0, "role": 0},
}

#: Faults of all of a batch's events.
_IN_BASE_TIME: dict[Fault, int] = {
    Fault.FAR_FUTURE: FAR_FUTURE_MS,
    Fault.LONG_AGO: LONG_AGO_MS,
}


@dataclass(frozen=True, slots=True)
class BrokenMessage:
    """``value`` goes out as it is, under ``key``. ``events`` is what it counts as: 1 where it is
    refused whole. ``action`` holds the codes of its events and ``refused`` marks the bad ones; both
    are empty for a message that is refused whole."""

    fault: Fault
    subject: str = field(repr=False)
    key: bytes = field(repr=False)
    value: bytes = field(repr=False)
    events: int
    action: Array = field(repr=False)
    refused: Array = field(repr=False)

    @property
    def reason(self) -> Rejected:
        return REASON[self.fault]

    def __len__(self) -> int:
        return self.events


def break_batch(
    batch: InteractionBatch, fault: Fault, codec: Codec, sealer: Sealer
) -> BrokenMessage:
    """What a producer with this ``fault`` would have sent in place of ``batch``."""
    subject = batch.header.subject
    batch = sealer.sealed(batch)
    key = routing_key(batch.header.sealed_subject)
    if REASON[fault] in WHOLE_MESSAGE:
        value = _BROKEN_WHOLE[fault](batch, codec)
        none = np.zeros(0, np.uint8)
        return BrokenMessage(fault, subject, key, value, 1, none, none.astype(bool))
    refused = np.zeros(len(batch), bool)
    if fault in _IN_BASE_TIME:
        batch = _with(batch, base_time_ms=_IN_BASE_TIME[fault])
        refused[:] = True
    else:
        at = len(batch) // 2
        batch = InteractionBatch(batch.header, _columns_with(batch, at, _IN_ONE_EVENT[fault]))
        refused[at] = True
    value = codec.encode(SCHEMA, to_record(batch))
    action = batch.columns["action"]
    return BrokenMessage(fault, subject, key, value, len(batch), action, refused)


def _with(batch: InteractionBatch, **header: Any) -> InteractionBatch:
    return InteractionBatch(replace(batch.header, **header), batch.columns)


def _columns_with(batch: InteractionBatch, at: int, values: dict[str, int]) -> dict[str, Array]:
    columns = {name: column.copy() for name, column in batch.columns.items()}
    for name, value in values.items():
        columns[name][at] = value
    return columns


def _encoded(batch: InteractionBatch, codec: Codec, **columns: bytes) -> bytes:
    return codec.encode(SCHEMA, to_record(batch) | columns)


def _of_length(batch: InteractionBatch, count: int) -> InteractionBatch:
    columns = {name: np.resize(column, count) for name, column in batch.columns.items()}
    return InteractionBatch(batch.header, columns)


_BROKEN_WHOLE: dict[Fault, Callable[[InteractionBatch, Codec], bytes]] = {
    Fault.TRUNCATED: lambda batch, codec: _encoded(batch, codec)[:-1],
    Fault.WRONG_MAGIC: lambda batch, codec: b"\x7f" + _encoded(batch, codec)[1:],
    Fault.UNKNOWN_FINGERPRINT: lambda batch, codec: (
        SINGLE_OBJECT_MAGIC + _NO_FINGERPRINT + _encoded(batch, codec)[10:]
    ),
    Fault.UNEQUAL_COLUMNS: lambda batch, codec: _encoded(
        batch, codec, role=batch.columns["role"][:-1].tobytes()
    ),
    Fault.EMPTY_BATCH: lambda batch, codec: _encoded(_of_length(batch, 0), codec),
    Fault.TOO_MANY_EVENTS: lambda batch, codec: _encoded(
        _of_length(batch, MAX_BATCH_EVENTS + 1), codec
    ),
    Fault.INVALID_TEAM: lambda batch, codec: _encoded(_with(batch, team=_NO_TEAM), codec),
    Fault.BEFORE_1970: lambda batch, codec: _encoded(_with(batch, base_time_ms=-1), codec),
    Fault.SEALED_FOR_OTHERS: lambda batch, codec: _encoded(
        _with(batch, sealed_subject=_FOR_OTHERS), codec
    ),
}
