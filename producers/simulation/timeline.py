"""When each step happens, and the events of all steps in one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from events.vocabulary import Action
from producers.simulation.atoms import Atoms
from producers.simulation.bursts import Burst, within
from producers.simulation.habits import Array
from producers.simulation.hours import Windows
from producers.simulation.steps import Steps


@dataclass(frozen=True, slots=True)
class Rows:
    """One row an event, by person and in order of time, in the types of the contract's columns.
    ``time_ms`` is ms since the slice began; ``step`` the row of its step."""

    step: Array
    time_ms: Array
    action: Array
    x_px: Array
    y_px: Array
    detail: Array
    role: Array

    def __len__(self) -> int:
        return len(self.step)

    def where(self, kept: Array) -> Rows:
        """The rows that ``kept`` marks."""
        return Rows(*(getattr(self, name)[kept] for name in self.__slots__))


def place(
    rng: np.random.Generator, steps: Steps, windows: Windows, duration_ms: Array
) -> tuple[Array, Array]:
    """Start of each step, ms since the slice began, and which steps are over in time.

    What is left of a person's window after all the steps is shared out at random before the
    spells and after the last one. Where there is not enough time, the last steps are dropped.
    """
    takes = duration_ms + steps.think_ms
    count = np.bincount(steps.window, minlength=len(windows.person))
    busy = np.bincount(steps.window, takes, minlength=len(windows.person))
    free = np.maximum(windows.end_ms - windows.start_ms - busy, 0)
    gap = rng.standard_exponential(len(steps), np.float32) * steps.opens
    after = rng.standard_exponential(len(free), np.float32)
    weight = np.bincount(steps.window, gap, minlength=len(free)) + after
    gap_ms = (gap * (free / weight)[steps.window]).astype(np.int64)
    elapsed = np.cumsum(gap_ms + takes)
    before = np.r_[0, elapsed][np.cumsum(count) - count]
    ends = elapsed + (windows.start_ms - before)[steps.window]
    return ends - duration_ms, ends <= windows.end_ms[steps.window]


def durations(atoms: Atoms, bursts: Sequence[Burst], steps: int) -> tuple[Array, Array, Array]:
    """Of every atom its number of events, and its begin in ms since its step began; of every step
    how long it takes."""
    count, lasts = np.zeros((2, len(atoms.step)), np.int32)
    for burst in bursts:
        count[burst.atoms] = burst.count
        lasts[burst.atoms] = burst.duration_ms
    takes = atoms.delay_ms + lasts
    elapsed = np.cumsum(takes, dtype=np.int64)
    of_step = np.bincount(atoms.step, takes, minlength=steps).astype(np.int64)
    before = (np.cumsum(of_step) - of_step)[atoms.step]
    return count, elapsed - lasts - before, of_step


def lay_out(
    steps: Steps, atoms: Atoms, bursts: Sequence[Burst], count: Array, start_ms: Array
) -> Rows:
    """All events of all atoms, in order; atom a begins ``start_ms[a]`` after the slice began."""
    total = int(count.sum())
    first = np.cumsum(count) - count
    step = np.repeat(atoms.step.astype(np.int32), count)
    time = np.repeat(start_ms.astype(np.int32), count)
    action, role = np.empty((2, total), np.uint8)
    x, y = np.empty((2, total), np.uint16)
    detail = np.empty(total, np.int16)
    for burst in bursts:
        at = np.repeat(first[burst.atoms], burst.count) + within(burst.count)
        time[at] += burst.offset_ms
        action[at], x[at], y[at] = burst.action, burst.x_px, burst.y_px
        detail[at] = burst.detail
    role = np.where(_has_target(action), steps.role[step], 0).astype(np.uint8)
    return Rows(step, time, action, x, y, detail, role)


def _has_target(action: Array) -> Array:
    """Presses, wheel and keys act on something; a pointer on its way is over anything."""
    return np.asarray((action >= Action.BUTTON_DOWN) & (action <= Action.KEY_UP))


def reported(rows: Rows, kept: Array) -> Array:
    """Which rows a computer reports: those of ``kept`` steps, and no movement that moves less
    than a pixel (a mouse at rest says nothing)."""
    moved = np.ones(len(rows), bool)
    moved[1:] = (rows.x_px[1:] != rows.x_px[:-1]) | (rows.y_px[1:] != rows.y_px[:-1])
    return np.asarray((moved | (rows.action != Action.MOVE)) & kept[rows.step])
