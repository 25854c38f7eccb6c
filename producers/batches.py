"""Cuts a session's events into batches: always the same batches for the same session.

A batch ends when it is full, where the next event is more than ``MAX_GAP_MS`` later, and where
time steps back (a delta is unsigned):

    time, s      0.0  0.1  0.2 |   80.0  80.1 |   79.9  80.2
    sequence          0        |       1      |       2
                            gap of 79.8 s   a step back

Identities are UUIDs of version 5 (RFC 9562): hashes, nothing random. They cover the recording
itself, so that nobody who only has a list of people and guesses the rest can compute one and
find it in Kafka. The batch's id also covers its start and length, so that cutting the same session
differently (another batch size) can never give two different batches one identity.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID, uuid5

import numpy as np

from events.batch import Header, InteractionBatch
from events.columns import Column
from events.vocabulary import MAX_GAP_MS, OUTSIDE_PX, POINTER_ACTIONS

#: Root of all session names; drawn once at random, and never to change.
_SESSIONS = UUID("6f1f3f4e-52c1-4d0b-9a0e-3d2f4be7a1c5")


@dataclass(frozen=True, slots=True)
class EventColumns:
    """A session's events in the order they were recorded; arrays of one length.

    ``times_ms`` int64, ms since the session's start (within ±2**53, may step back); ``action`` and
    ``role`` uint8 codes; ``x_px``, ``y_px`` and ``detail`` any integers (what a batch cannot hold
    is made into what the pipeline rejects).
    """

    times_ms: Column
    action: Column
    x_px: Column
    y_px: Column
    detail: Column
    role: Column

    def __len__(self) -> int:
        return len(self.action)


@dataclass(frozen=True, slots=True)
class Session:
    """What all batches of a session share. ``start_ms`` is its place on the calendar, ms UTC;
    ``recording`` a digest of the file that it was read from."""

    subject: str = field(repr=False)
    name: str = field(repr=False)
    start_ms: int
    team: str
    application: str
    surface: int
    origin: int
    screen_width_px: int
    screen_height_px: int
    recording: bytes = field(repr=False)

    @property
    def identity(self) -> UUID:
        """The same for the same recording, person, name and start; another one otherwise."""
        names = [self.subject, self.name, self.start_ms, self.recording.hex()]
        return uuid5(_SESSIONS, json.dumps(names))


def cut(events: EventColumns, session: Session, batch_events: int) -> Iterator[InteractionBatch]:
    """Batches of at most ``batch_events``, which together are exactly ``events``, in order."""
    starts = batch_starts(events.times_ms, batch_events)
    columns = _fitted(events, starts)
    times_ms = events.times_ms + session.start_ms
    ends = [*starts[1:].tolist(), len(events)]
    identity = session.identity
    for sequence, (start, end) in enumerate(zip(starts.tolist(), ends, strict=False)):
        base_time_ms = int(times_ms[start])
        header = Header(
            batch_id=uuid5(identity, f"{sequence}/{base_time_ms}/{end - start}").bytes,
            subject=session.subject,
            team=session.team,
            session=identity.bytes,
            sequence=sequence,
            application=session.application,
            surface=session.surface,
            origin=session.origin,
            screen_width_px=session.screen_width_px,
            screen_height_px=session.screen_height_px,
            base_time_ms=base_time_ms,
        )
        yield InteractionBatch(header, {name: c[start:end] for name, c in columns.items()})


def batch_starts(times_ms: Column, batch_events: int) -> Column:
    """Index of every batch's first event, ascending; empty where there are no events."""
    if not len(times_ms):
        return np.empty(0, dtype=np.int64)
    steps_ms = np.diff(times_ms)
    breaks = np.flatnonzero((steps_ms < 0) | (steps_ms > MAX_GAP_MS)) + 1
    runs = np.concatenate(([0], breaks))
    pieces = -(-np.diff(np.append(runs, len(times_ms))) // batch_events)
    nth_of_run = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return np.asarray(np.repeat(runs, pieces) + nth_of_run * batch_events)


def _fitted(events: EventColumns, starts: Column) -> dict[str, Column]:
    """The columns of all batches end to end, in the types of the schema."""
    deltas_ms = np.diff(events.times_ms, prepend=0)
    deltas_ms[starts] = 0
    placed = np.isin(events.action, POINTER_ACTIONS)
    # A detail beyond int16 stays beyond every believable one, and is rejected as such.
    detail = np.clip(events.detail, -(2**15), 2**15 - 1)
    return {
        "time_delta_ms": deltas_ms.astype("<u2"),
        "action": events.action.astype("<u1"),
        "x_px": _place(events.x_px, placed),
        "y_px": _place(events.y_px, placed),
        "detail": detail.astype("<i2"),
        "role": events.role.astype("<u1"),
    }


def _place(pixels: Column, placed: Column) -> Column:
    inside = (pixels >= 0) & (pixels < OUTSIDE_PX)
    return np.asarray(np.where(placed, np.where(inside, pixels, OUTSIDE_PX), 0).astype("<u2"))
