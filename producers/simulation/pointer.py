"""Aimed movements of the pointer: how long they take and how they go, many at once.

Time: Fitts's law in Shannon's form, MT = a + b log2(D/W + 1) (Fitts 1954; MacKenzie 1992).
Path: minimum jerk, x(t) = x0 + (x1 - x0)(10 s^3 - 15 s^4 + 6 s^5) with s = t/MT (Flash and Hogan
1985), bowed a little to one side, as arms turn about joints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from events.vocabulary import Action
from producers.simulation.bursts import Burst, spread, within
from producers.simulation.habits import Array


@dataclass(frozen=True, slots=True)
class Movements:
    """One row a movement. Points are whole pixels (float32); ``bow_px`` is how far the path
    strays to the left of the chord half-way; a device reports every ``sample_ms``."""

    from_x_px: Array
    from_y_px: Array
    to_x_px: Array
    to_y_px: Array
    bow_px: Array
    duration_ms: Array
    sample_ms: Array

    def __len__(self) -> int:
        return len(self.duration_ms)


def index_of_difficulty(distance_px: Array, width_px: Array) -> Array:
    """Bits, after Shannon."""
    return np.asarray(np.log2(distance_px / width_px + 1))


def minimum_jerk(progress: Array) -> Array:
    """Share of the way covered at a share of the time, both 0 to 1."""
    cube = progress * progress * progress
    return np.asarray(cube * (10 + progress * (6 * progress - 15)))


def sample(rng: np.random.Generator, atoms: Array, movements: Movements) -> Burst:
    """Pointer reports of each movement; the last one is where and when it ends.

    The time between reports jitters by up to half a period, as the operating system's does.
    """
    period, duration = movements.sample_ms, movements.duration_ms
    count = -(-duration // period) + 1
    number, row = within(count), spread(count)
    jitter = rng.integers(0, 256, len(row), np.uint8).astype(np.int32)
    offset = number * period[row] + (jitter * (period // 2)[row] >> 8)
    offset = np.minimum(offset, duration[row])
    share = minimum_jerk(offset * (np.float32(1) / duration)[row])
    across_x, across_y = (
        movements.to_x_px - movements.from_x_px,
        movements.to_y_px - movements.from_y_px,
    )
    bow = movements.bow_px / np.maximum(np.hypot(across_x, across_y), np.float32(1)) * 4
    aside = share * (1 - share)
    x = movements.from_x_px[row] + across_x[row] * share - (across_y * bow)[row] * aside
    y = movements.from_y_px[row] + across_y[row] * share + (across_x * bow)[row] * aside
    zeros = np.zeros(len(row), np.uint8)
    return Burst(atoms, count, duration, offset, zeros + Action.MOVE, _pixels(x), _pixels(y), zeros)


def _pixels(place: Array) -> Array:
    return np.asarray((place + np.float32(0.5)).astype(np.uint16))
