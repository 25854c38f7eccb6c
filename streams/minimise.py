"""Step 5, minimise: keep what the policy takes of the events that pass, and no finer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from events.batch import Header
from events.policy import PurposePolicy
from events.vocabulary import OTHER_APPLICATION, POINTER_ACTIONS
from streams.decode import Batches
from streams.fate import PASSED, Fate

_HAS_PLACE = np.isin(np.arange(256), POINTER_ACTIONS)


@dataclass(frozen=True, slots=True, repr=False)
class PassingEvents:
    """The k passing events of m batches, in the order of the batches.

    ``event_count`` int64[m]; ``owner`` int32[k]; ``index`` uint16[k] is the place in the *source*
    batch; ``time_ms`` int64[k] at the policy's tick; ``x_px``, ``y_px`` uint16[k] at its grid.
    """

    event_count: NDArray[np.int64]
    owner: NDArray[np.int32]
    index: NDArray[np.uint16]
    time_ms: NDArray[np.int64]
    action: NDArray[np.uint8]
    x_px: NDArray[np.uint16]
    y_px: NDArray[np.uint16]
    detail: NDArray[np.int16]
    role: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, repr=False)
class Minimised:
    """The m batches of which something passed. ``headers`` still name the person; ``application``
    str[m] is from the allow-list or `other`."""

    headers: tuple[Header, ...]
    application: tuple[str, ...]
    events: PassingEvents


def minimise(
    batches: Batches, fates: Fate, limits: PurposePolicy, applications: frozenset[str]
) -> Minimised:
    """The passing events at the policy's grid and tick. Both only ever round down, so an event
    never changes its minute (the tick divides it) and never leaves its screen."""
    keep: Any = slice(None) if not fates.any() else np.flatnonzero(fates == PASSED)
    passing = np.bincount(batches.owner[keep], minlength=len(batches))
    kept_batches = np.flatnonzero(passing)
    new_place = np.cumsum(passing > 0, dtype=np.int32) - 1
    headers = tuple(batches.headers[place] for place in kept_batches)
    action = batches.action[keep]
    placed = _HAS_PLACE[action]
    grid, tick = np.uint16(limits.grid_px), np.int64(limits.tick_ms)
    x_px, y_px, time_ms = batches.x_px[keep], batches.y_px[keep], batches.time_ms[keep]
    return Minimised(
        headers=headers,
        application=tuple(
            header.application if header.application in applications else OTHER_APPLICATION
            for header in headers
        ),
        events=PassingEvents(
            event_count=passing[kept_batches].astype(np.int64),
            owner=new_place[batches.owner[keep]].astype(np.int32),
            index=batches.index[keep],
            time_ms=time_ms - time_ms % tick,
            action=action,
            x_px=np.where(placed, x_px - x_px % grid, 0).astype(np.uint16),
            y_px=np.where(placed, y_px - y_px % grid, 0).astype(np.uint16),
            detail=batches.detail[keep],
            role=batches.role[keep],
        ),
    )
