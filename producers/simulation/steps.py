"""What people set out to do in a slice of time: spells in one application, made of steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from producers.simulation.habits import KINDS, ROLES, Array, Kind, pick
from producers.simulation.hours import Windows
from producers.simulation.organisation import Organisation

#: Mean number of steps before a person turns to something else.
STEPS_PER_SPELL = 10.0

#: Median and spread (of the logarithm) of the time between two steps; and the longest.
_THINK_MS, _THINK_SPREAD, _THINK_MOST_MS = 550.0, 0.8, 12_000.0


@dataclass(frozen=True, slots=True)
class Steps:
    """One row a step, by person and in order of time. ``opens`` marks the first of a spell;
    ``window`` is the person's row in the slice's ``Windows``."""

    window: Array
    person: Array
    opens: Array
    application: Array
    kind: Array
    role: Array
    think_ms: Array

    def __len__(self) -> int:
        return len(self.person)


def draw_steps(
    rng: np.random.Generator, people: Organisation, windows: Windows, spells: Array
) -> Steps:
    """The steps of ``spells`` (how many, one number a row of ``windows``)."""
    steps = rng.geometric(1 / STEPS_PER_SPELL, int(spells.sum()))
    window = np.repeat(np.arange(len(spells)), spells)
    edges = people.mix[people.team[windows.person[window]]]
    application = (edges < rng.random(len(window), np.float32)[:, None]).sum(axis=1)
    opens = np.zeros(int(steps.sum()), bool)
    opens[np.cumsum(steps) - steps] = True
    window, application = np.repeat(window, steps), np.repeat(application, steps)
    kind = pick(rng, KINDS, people.styles[application])
    think = np.exp(rng.standard_normal(len(window), np.float32) * np.float32(_THINK_SPREAD))
    return Steps(
        window=window,
        person=windows.person[window],
        opens=opens,
        application=application.astype(np.int16),
        kind=kind,
        role=pick(rng, ROLES, kind),
        think_ms=np.minimum(think * _THINK_MS, _THINK_MOST_MS).astype(np.int32),
    )


def moves_pointer(kind: Array) -> Array:
    """Whether a step of this kind begins with an aimed movement."""
    return np.asarray((kind != Kind.TYPE) & (kind != Kind.BREAK))
