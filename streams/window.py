"""Step 7, window: what each batch adds to the one-minute windows it touches.

    events of a batch   . . .. .|. ... .  |  .
    windows           [ 12:00   )[ 12:01  )[ 12:02  )        half-open, by event time
    partials             5          5          1            one row each, named by the batch

A window is never closed: its value is the sum of its distinct partials, so late or repeated
batches correct it or change nothing. No clock, no timer, no state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from events.clock import MS_PER_MINUTE
from events.vocabulary import POINTER_ACTIONS, Action, KeyClass
from streams.minimise import PassingEvents

WINDOW_MS = MS_PER_MINUTE
_HAS_PLACE = np.isin(np.arange(256), POINTER_ACTIONS)


@dataclass(frozen=True, slots=True, repr=False)
class Partials:
    """p partials of m batches.

    ``owner`` int64[p] is the batch's place; ``window_start_ms`` int64[p]; ``event_count`` int64[p];
    ``action_count`` int64[p, actions]; ``key_count`` int64[p, key classes], of key_down only;
    ``wheel_steps`` int64[p] and ``path_px`` int64[p], see the schema WindowPartials.
    """

    owner: NDArray[np.int64]
    window_start_ms: NDArray[np.int64]
    event_count: NDArray[np.int64]
    action_count: NDArray[np.int64]
    key_count: NDArray[np.int64]
    wheel_steps: NDArray[np.int64]
    path_px: NDArray[np.int64]

    def in_order(self, order: NDArray[np.intp]) -> Partials:
        """The same partials, with the batch at place ``order[i]`` at place i; those of a batch stay
        in their order."""
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        owner = place[self.owner]
        moved = np.argsort(owner, kind="stable")
        return Partials(
            owner=owner[moved],
            window_start_ms=self.window_start_ms[moved],
            event_count=self.event_count[moved],
            action_count=self.action_count[moved],
            key_count=self.key_count[moved],
            wheel_steps=self.wheel_steps[moved],
            path_px=self.path_px[moved],
        )


def window(events: PassingEvents) -> Partials:
    """One partial for each (batch, minute) with an event. Times never step back in a batch, so
    the events of one partial stand together."""
    minute = events.time_ms // WINDOW_MS
    starts_new = np.ones(len(minute), dtype=np.bool_)
    starts_new[1:] = (minute[1:] != minute[:-1]) | (events.owner[1:] != events.owner[:-1])
    first = np.flatnonzero(starts_new)
    size = len(first)
    event_count = np.diff(first, append=len(minute))
    of = np.repeat(np.arange(size), event_count)  # the partial each event belongs to
    is_key = events.action == Action.KEY_DOWN
    is_scroll = events.action == Action.SCROLL
    steps = np.abs(events.detail[is_scroll].astype(np.int64))
    return Partials(
        owner=events.owner[first].astype(np.int64),
        window_start_ms=minute[first] * WINDOW_MS,
        event_count=event_count,
        action_count=_table(of, events.action, size, len(Action)),
        key_count=_table(of[is_key], events.detail[is_key], size, len(KeyClass)),
        wheel_steps=_sum(of[is_scroll], steps, size),
        path_px=_path_px(events, of, size),
    )


def _table(
    rows: NDArray[np.int64], codes: NDArray[np.uint8] | NDArray[np.int16], height: int, width: int
) -> NDArray[np.int64]:
    """How often each code occurs in each row: int64[height, width]."""
    cells = rows * width + codes
    return np.bincount(cells, minlength=height * width).reshape(height, width)


def _sum(
    rows: NDArray[np.int64], values: NDArray[np.int64] | NDArray[np.float64], height: int
) -> NDArray[np.int64]:
    return np.rint(np.bincount(rows, weights=values, minlength=height)).astype(np.int64)


def _path_px(events: PassingEvents, of: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Distances between consecutive places of one batch, each in the later one's window."""
    placed = _HAS_PLACE[events.action]
    x, y, owner = events.x_px, events.y_px, events.owner
    if not placed.all():
        x, y, owner, of = x[placed], y[placed], owner[placed], of[placed]
    across, down = np.diff(x.astype(np.float64)), np.diff(y.astype(np.float64))
    across *= across
    down *= down
    across += down  # exact, so this is as good as np.hypot, and faster
    distance = np.sqrt(across, out=across)
    distance *= owner[1:] == owner[:-1]
    return _sum(of[1:], distance, size)
