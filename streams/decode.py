"""Step 1, decode: many raw messages of one partition become columns over all their events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from events.batch import SCHEMA, Header, InteractionBatch, from_record
from events.codec import Codec
from events.errors import Reject
from events.outcomes import Rejected
from streams.open_subjects import SubjectOpener

_EVENT_DTYPES: dict[str, Any] = {
    "time_delta_ms": np.uint16,
    "action": np.uint8,
    "x_px": np.uint16,
    "y_px": np.uint16,
    "detail": np.int16,
    "role": np.uint8,
}


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message of `interactions.raw`. ``time_ms`` is Kafka's timestamp; ``redriven_from`` is the
    offset of the dead letter that this is a copy of, if it is one."""

    offset: int
    time_ms: int
    value: bytes | None = field(repr=False)
    redriven_from: int | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """A message refused whole: its coordinates and the reason, never its bytes."""

    offset: int
    time_ms: int
    reason: Rejected


@dataclass(frozen=True, slots=True, repr=False)
class Batches:
    """n sound batches with e events in all; events stand in the order of their batches.

    ``offset`` int64[n]; ``event_count`` int64[n]; ``owner`` int32[e] says whose batch an event is;
    ``index`` uint16[e] is its place there; ``time_ms`` int64[e] UTC; ``action`` uint8[e];
    ``x_px``, ``y_px`` uint16[e]; ``detail`` int16[e]; ``role`` uint8[e].
    """

    headers: tuple[Header, ...]
    offset: NDArray[np.int64]
    event_count: NDArray[np.int64]
    owner: NDArray[np.int32]
    index: NDArray[np.uint16]
    time_ms: NDArray[np.int64]
    action: NDArray[np.uint8]
    x_px: NDArray[np.uint16]
    y_px: NDArray[np.uint16]
    detail: NDArray[np.int16]
    role: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.headers)


def decode(
    messages: Sequence[RawMessage], codec: Codec, opener: SubjectOpener | None = None
) -> tuple[Batches, tuple[Broken, ...]]:
    """Columns over all events of the sound messages, and what was refused whole. Without an
    ``opener``, for those who have no keys, headers stay as they are written: nobody is named.

    Never raises for what a message contains; ``Retry`` if a schema registry is needed and away.
    """
    sound: list[tuple[int, InteractionBatch]] = []
    broken: list[Broken] = []
    for message in messages:
        try:
            batch = from_record(codec.decode(SCHEMA, message.value))
            header = opener.opened(batch.header) if opener else batch.header
            sound.append((message.offset, InteractionBatch(header, batch.columns)))
        except Reject as refusal:
            broken.append(Broken(message.offset, message.time_ms, refusal.reason))
    offsets = np.array([offset for offset, _ in sound], dtype=np.int64)
    return _concatenate(offsets, [batch for _, batch in sound]), tuple(broken)


def _concatenate(offsets: NDArray[np.int64], batches: Sequence[InteractionBatch]) -> Batches:
    columns = {
        name: np.concatenate([batch.columns[name] for batch in batches] or [np.empty(0, dtype)])
        for name, dtype in _EVENT_DTYPES.items()
    }
    count = np.array([len(batch) for batch in batches], dtype=np.int64)
    first = np.cumsum(count) - count
    base_ms = np.array([batch.header.base_time_ms for batch in batches], dtype=np.int64)
    owner = np.repeat(np.arange(len(batches), dtype=np.int32), count)
    deltas = columns.pop("time_delta_ms").astype(np.int64)
    elapsed_ms = np.cumsum(deltas)
    before_ms = elapsed_ms[first] - deltas[first] if len(batches) else first
    places = np.arange(len(owner), dtype=np.int64)
    return Batches(
        headers=tuple(batch.header for batch in batches),
        offset=offsets,
        event_count=count,
        owner=owner,
        index=(places - first[owner]).astype(np.uint16),
        time_ms=elapsed_ms + (base_ms - before_ms)[owner],
        **columns,
    )
