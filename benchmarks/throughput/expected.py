"""What must be in the tables at the end, worked out from the recordings alone: with nothing of
`streams/` or `sinks/`, so that it cannot share a fault with what it checks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.throughput.pieces import Piece
from benchmarks.throughput.workload import COPY_SHIFT_MS, Workload
from events.clock import MS_PER_MINUTE
from events.columns import Column
from events.policy import Policy
from events.purposes import Purpose
from events.vocabulary import MAX_GAP_MS, POINTER_ACTIONS


@dataclass(frozen=True, slots=True)
class Expected:
    """Counts, and sums over the rows of training: places at the policy's grid, details, and times
    since the workload's begin at its tick. ``counted``: events of team analytics, in ``partials``
    rows."""

    events: int
    messages: int
    people: int
    rows: int
    x_px: int
    y_px: int
    detail: int
    time_ms: int
    counted: int
    partials: int


def expected_of(workload: Workload, policy: Policy) -> Expected:
    """The sums over all copies. Everybody has agreed to everything."""
    parts = [_of_piece(piece, policy, workload.batch_events) for piece in workload.pieces]
    one = {name: sum(getattr(part, name) for part in parts) for name in Expected.__slots__}
    every = {name: value * workload.copies for name, value in one.items()}
    later = sum(copy * COPY_SHIFT_MS for copy in range(workload.copies))
    every["time_ms"] += later * one["rows"]
    return Expected(**every)


def _of_piece(piece: Piece, policy: Policy, batch_events: int) -> Expected:
    limits = policy.purposes[Purpose.AGENT_TRAINING]
    columns = piece.columns
    placed = np.isin(columns.action, POINTER_ACTIONS)
    x, y = columns.x_px.astype(np.int64), columns.y_px.astype(np.int64)
    on_screen = (x >= 0) & (y >= 0) & (x < piece.screen.width_px) & (y < piece.screen.height_px)
    sound = ~placed | on_screen
    rows = sound & np.isin(columns.action, list(limits.action_codes))
    analytics = list(policy.purposes[Purpose.TEAM_ANALYTICS].action_codes)
    counted = sound & np.isin(columns.action, analytics)
    shown = rows & placed
    times_ms = columns.times_ms[rows]
    batch = batch_of_each(columns.times_ms, batch_events)
    return Expected(
        events=len(piece),
        messages=int(batch[-1]) + 1,
        people=int(rows.any()),
        rows=int(rows.sum()),
        x_px=int((x[shown] // limits.grid_px * limits.grid_px).sum()),
        y_px=int((y[shown] // limits.grid_px * limits.grid_px).sum()),
        detail=int(columns.detail[rows].astype(np.int64).sum()),
        time_ms=int((times_ms // limits.tick_ms * limits.tick_ms).sum()),
        counted=int(counted.sum()),
        partials=_runs(batch[counted], columns.times_ms[counted] // MS_PER_MINUTE),
    )


def batch_of_each(times_ms: Column, batch_events: int) -> Column:
    """The batch of each event, from 0: a new one where one is full, after a long gap, and where
    time steps back."""
    numbers = np.empty(len(times_ms), dtype=np.int64)
    batch, held, before = 0, 0, int(times_ms[0])
    for place, now in enumerate(times_ms.tolist()):
        if held == batch_events or not 0 <= now - before <= MAX_GAP_MS:
            batch, held = batch + 1, 0
        numbers[place], held, before = batch, held + 1, now
    return numbers


def _runs(batch: Column, minute: Column) -> int:
    """How many different (batch, minute) there are; they stand together."""
    if not len(batch):
        return 0
    return 1 + int(((np.diff(batch) != 0) | (np.diff(minute) != 0)).sum())
