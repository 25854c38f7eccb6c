"""What carries over from one slice of time to the next: a few numbers for each person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from producers.simulation.atoms import Atom, Atoms
from producers.simulation.batches import Sessions
from producers.simulation.habits import Array
from producers.simulation.hours import Windows
from producers.simulation.movements import Aims
from producers.simulation.organisation import Organisation
from producers.simulation.steps import Steps


@dataclass(slots=True)
class State:
    """By person: where the pointer rests (px), which application is open (-1: none), and the
    session that runs."""

    rests_px: Array
    application: Array
    sessions: Sessions

    @staticmethod
    def at_start(people: Organisation) -> State:
        none = np.full(len(people), -1)
        middle = (people.screen_px // 2).astype(np.float32)
        return State(middle, none, Sessions(none.copy(), np.zeros(len(people), np.int64)))

    def enter(self, windows: Windows, day: int) -> None:
        """A new half-day is a new session: nothing is open, and its batches count from 0."""
        running, number = self.sessions.number, 2 * day + windows.half
        new = windows.person[running[windows.person] != number]
        self.application[new] = -1
        self.sessions.next_sequence[new] = 0
        running[windows.person] = number

    def leave(self, steps: Steps, aims: Aims, atoms: Atoms, kept: Array) -> None:
        """Remember where each person's last step ended, of those that are ``kept``."""
        last = np.flatnonzero(kept)
        self.application[steps.person[last]] = steps.application[last]
        moved = atoms.step[atoms.of(Atom.MOVE)]
        moved = moved[kept[moved]]
        self.rests_px[steps.person[moved]] = aims.end_px[moved]

    def switches(self, steps: Steps) -> Array:
        """Which steps begin with a switch: spells in another application than the one before."""
        first = np.ones(len(steps), bool)
        first[1:] = steps.person[1:] != steps.person[:-1]
        before = np.roll(steps.application, 1)
        before = np.where(first, self.application[steps.person], before)
        return np.asarray(steps.opens & (steps.application != before))
