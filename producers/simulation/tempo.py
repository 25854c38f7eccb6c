"""How often people at work take something up, so that a wanted number of events comes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from producers.simulation.habits import Array

#: Chance must not leave a run short: this much more is aimed at, and this many spells.
_MORE_SHARE, _MORE_SPELLS = 0.01, 4

#: They are to come before this last share of the working time: it makes up for late bad luck,
_RESERVE_SHARE = 0.04
#: and even then not in a rush.
_MOST_FASTER = 3.0


@dataclass(slots=True)
class Tempo:
    """``per_ms`` is the mean number of spells an average person begins in a ms at work. Where a
    number of events is wanted, it is corrected by how many have come so far."""

    per_ms: float
    events_per_spell: float
    work_left_ms: float = 0.0  # without the reserve
    events_left: float | None = None

    @staticmethod
    def steady(events_per_ms: float, events_per_spell: float) -> Tempo:
        return Tempo(events_per_ms / events_per_spell, events_per_spell)

    @staticmethod
    def to_reach(events: float, work_ms: float, events_per_spell: float) -> Tempo:
        """A little over ``events`` in ``work_ms`` of average people's working time."""
        aim = events * (1 + _MORE_SHARE) + _MORE_SPELLS * events_per_spell
        work_ms *= 1 - _RESERVE_SHARE
        return Tempo(aim / work_ms / events_per_spell, events_per_spell, work_ms, aim)

    @property
    def events_per_ms(self) -> float:
        """Of an average person at work, as planned at the start."""
        return self.per_ms * self.events_per_spell

    def spells(self, rng: np.random.Generator, work_ms: Array) -> Array:
        """How many each person begins in ``work_ms`` of working time (times the own pace)."""
        per_ms = self.per_ms
        if self.events_left is not None:
            needed = max(0.0, self.events_left) / self.events_per_spell / max(self.work_left_ms, 1)
            per_ms = min(needed, _MOST_FASTER * self.per_ms)
        return rng.poisson(work_ms * per_ms)

    def passed(self, work_ms: float, events: int) -> None:
        """So much working time is over, and so many events came of it."""
        self.work_left_ms -= work_ms
        if self.events_left is not None:
            self.events_left -= events
