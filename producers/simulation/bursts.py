"""Events of many small pieces of behaviour, laid end to end in flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from producers.simulation.habits import Array


def spread(count: Array) -> Array:
    """Row number of every element, where row r has ``count[r]`` elements: 0 0 0 1 2 2 ..."""
    return np.repeat(np.arange(len(count)), count)


def within(count: Array) -> Array:
    """Number of every element in its row, where row r has ``count[r]`` elements: 0 1 2 0 0 1 ..."""
    total = int(count.sum())
    return np.arange(total, dtype=np.int32) - np.repeat(
        (np.cumsum(count) - count).astype(np.int32), count
    )


@dataclass(frozen=True, slots=True)
class Burst:
    """The events of the ``atoms`` of one sort. Row r has ``count[r]`` events and lasts
    ``duration_ms[r]``; the flat arrays hold all its events, ``offset_ms`` being ms since the atom
    began, never falling and never beyond its duration. Places are pixels inside the screen."""

    atoms: Array
    count: Array
    duration_ms: Array
    offset_ms: Array
    action: Array
    x_px: Array
    y_px: Array
    detail: Array
