"""What people do in one slice of time, from intentions to events, top to bottom."""

from __future__ import annotations

import numpy as np

from producers.simulation import hands
from producers.simulation.atoms import Atom, split
from producers.simulation.habits import Array
from producers.simulation.hours import Windows
from producers.simulation.movements import Course, aim, chain
from producers.simulation.organisation import Organisation
from producers.simulation.pointer import sample
from producers.simulation.state import State
from producers.simulation.steps import Steps, draw_steps
from producers.simulation.timeline import Rows, durations, lay_out, place, reported


def act(
    rng: np.random.Generator, people: Organisation, windows: Windows, spells: Array, state: State
) -> tuple[Steps, Rows]:
    """The events of ``spells`` (how many for each row of ``windows``), and the steps they belong
    to. Spells for which a window has no time are left out. ``state`` moves on."""
    steps = draw_steps(rng, people, windows, spells)
    aims = aim(rng, people, steps)
    atoms = split(rng, steps, state.switches(steps), aims.overshoot > 0)
    releases = (atoms.kind == Atom.RELEASE)[:, None]
    places = np.where(releases, aims.end_px[atoms.step], aims.hit_px[atoms.step])
    moving, movements = chain(rng, people, steps, atoms, Course(aims, state.rests_px))
    bursts = (
        sample(rng, moving, movements),
        hands.singles(atoms, places),
        hands.clicks(rng, atoms, places),
        hands.scrolls(rng, atoms, places),
        hands.keys(rng, atoms, people, steps),
    )
    count, begins_ms, lasts_ms = durations(atoms, bursts, len(steps))
    start_ms, kept = place(rng, steps, windows, lasts_ms)
    state.leave(steps, aims, atoms, kept)
    rows = lay_out(steps, atoms, bursts, count, start_ms[atoms.step] + begins_ms)
    return steps, rows.where(reported(rows, kept))
