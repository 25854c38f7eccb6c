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
    all_pass = not fates.any()
    keep: Any = slice(None) if all_pass else np.flatnonzero(fates == PASSED)
    passing = (
        batches.event_count
        if all_pass
        else np.bincount(batches.owner[keep], minlength=len(batches))
    )
    kept_batches = np.flatnonzero(passing)
    headers = tuple(batches.headers[place] for place in kept_batches)
    event_count = passing[kept_batches].astype(np.int64)
    action = batches.action[keep]
    placed = _HAS_PLACE[action].view(np.uint8)
    grid, tick = np.uint16(limits.grid_px), np.int64(limits.tick_ms)
    return Minimised(
        headers=headers,
        application=tuple(
            header.application if header.application in applications else OTHER_APPLICATION
            for header in headers
        ),
        events=PassingEvents(
            event_count=event_count,
            owner=np.repeat(np.arange(len(event_count), dtype=np.int32), event_count),
            index=batches.index[keep],
            time_ms=batches.time_ms[keep] // tick * tick,
            action=action,
            x_px=batches.x_px[keep] // grid * grid * placed,
            y_px=batches.y_px[keep] // grid * grid * placed,
            detail=batches.detail[keep],
            role=batches.role[keep],
        ),
    )
