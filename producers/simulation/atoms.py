"""A step's pieces in order: switch, movement, correction, press, drag, keys, markers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique

import numpy as np

from producers.simulation.habits import Array, Kind
from producers.simulation.steps import Steps, moves_pointer


@unique
class Atom(IntEnum):
    NONE = 0
    SWITCH = 1
    MOVE = 2
    CORRECT = 3  # after a movement that went too far
    CLICK = 4
    DOUBLE_CLICK = 5
    PRESS = 6
    DRAG = 7
    RELEASE = 8
    SCROLL = 9
    KEYS = 10
    NAVIGATE = 11
    PAUSE = 12
    RESUME = 13


#: What follows the movement, by kind of step.
_AFTER = {
    Kind.CLICK: (Atom.CLICK,),
    Kind.DOUBLE_CLICK: (Atom.DOUBLE_CLICK,),
    Kind.DRAG: (Atom.PRESS, Atom.DRAG, Atom.RELEASE),
    Kind.SCROLL: (Atom.SCROLL,),
    Kind.FIELD: (Atom.CLICK, Atom.KEYS),
    Kind.TYPE: (Atom.KEYS,),
    Kind.NAVIGATE: (Atom.CLICK, Atom.NAVIGATE),
    Kind.BREAK: (Atom.PAUSE, Atom.RESUME),
}

_PATTERN = np.zeros((len(Kind), 6), np.uint8)  # columns: switch, move, correct, and three after
for _kind, _atoms in _AFTER.items():
    _PATTERN[_kind, 3 : 3 + len(_atoms)] = _atoms

#: Least and most ms before the atom's first event: hand to eye, dwell before a press, loading.
_DELAY_MS = np.zeros((len(Atom), 2), np.int32)
_DELAY_MS[Atom.MOVE] = (20, 60)
_DELAY_MS[Atom.CORRECT] = (60, 140)
_DELAY_MS[Atom.CLICK] = (40, 160)
_DELAY_MS[Atom.DOUBLE_CLICK] = (40, 160)
_DELAY_MS[Atom.PRESS] = (60, 200)
_DELAY_MS[Atom.DRAG] = (40, 120)
_DELAY_MS[Atom.RELEASE] = (40, 160)
_DELAY_MS[Atom.SCROLL] = (60, 300)
_DELAY_MS[Atom.KEYS] = (150, 500)
_DELAY_MS[Atom.NAVIGATE] = (30, 400)
_DELAY_MS[Atom.RESUME] = (10_000, 150_000)


@dataclass(frozen=True, slots=True)
class Atoms:
    """One row an atom, in order of time within each step; ``step`` is its row in ``Steps``."""

    step: Array
    kind: Array
    delay_ms: Array

    def of(self, *kinds: Atom) -> Array:
        """Rows of the atoms of these kinds."""
        return np.flatnonzero(np.isin(self.kind, kinds))


def split(rng: np.random.Generator, steps: Steps, switches: Array, overshoots: Array) -> Atoms:
    """The atoms of every step; ``switches`` and ``overshoots`` mark the steps that have one."""
    slots = _PATTERN[steps.kind]
    slots[:, 0] = np.where(switches, Atom.SWITCH, Atom.NONE)
    slots[:, 1] = np.where(moves_pointer(steps.kind), Atom.MOVE, Atom.NONE)
    slots[:, 2] = np.where(overshoots, Atom.CORRECT, Atom.NONE)
    step, slot = np.nonzero(slots)
    kind = slots[step, slot]
    low, high = _DELAY_MS[kind].T
    delay = low + ((high - low) * rng.random(len(kind), np.float32)).astype(np.int32)
    return Atoms(step, kind, delay)
