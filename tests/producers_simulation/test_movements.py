"""Where pointers go, and how long it takes them: Fitts's law in the generated movements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from producers.simulation.atoms import Atom, Atoms, split
from producers.simulation.bursts import Burst
from producers.simulation.habits import Array, Kind
from producers.simulation.hours import Windows
from producers.simulation.movements import Aims, Course, aim, chain
from producers.simulation.organisation import Organisation, organisation
from producers.simulation.pointer import Movements, index_of_difficulty, sample
from producers.simulation.randomness import Stream, generator
from producers.simulation.state import State
from producers.simulation.steps import Steps, draw_steps
from tests.producers_simulation.organisations import POLICY, config


@dataclass(frozen=True)
class _Moved:
    people: Organisation
    steps: Steps
    aims: Aims
    atoms: Atoms
    rows: Array
    movements: Movements
    burst: Burst

    @property
    def kind(self) -> Array:
        return np.asarray(self.atoms.kind[self.rows])

    @property
    def step(self) -> Array:
        return np.asarray(self.atoms.step[self.rows])

    @property
    def distance_px(self) -> Array:
        m = self.movements
        return np.asarray(np.hypot(m.to_x_px - m.from_x_px, m.to_y_px - m.from_y_px))


def _moved(employees: int = 1, spells: int = 1_000, seed: int = 1) -> _Moved:
    people = organisation(config(employees=employees, teams=1, seed=seed), POLICY)
    rng = generator(people.config, Stream.PILOT)
    zeros = np.zeros(employees, np.int64)
    windows = Windows(np.arange(employees), zeros, zeros + 2**30, zeros)
    steps = draw_steps(rng, people, windows, zeros + spells // employees)
    aims, state = aim(rng, people, steps), State.at_start(people)
    atoms = split(rng, steps, state.switches(steps), aims.overshoot > 0)
    rows, movements = chain(rng, people, steps, atoms, Course(aims, state.rests_px))
    return _Moved(people, steps, aims, atoms, rows, movements, sample(rng, rows, movements))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_movement_time_grows_with_difficulty_as_fitts_says(seed: int) -> None:
    moved = _moved(seed=seed)
    aimed = moved.kind != Atom.DRAG
    bits = index_of_difficulty(moved.distance_px, moved.aims.width_px[moved.step])[aimed]
    last = np.cumsum(moved.burst.count) - 1
    time_ms = moved.burst.offset_ms[last][aimed]  # as the reports show it
    slope, intercept = np.polyfit(bits, time_ms, 1)
    misfit = time_ms - slope * bits - intercept
    assert len(bits) > 5_000
    assert slope == pytest.approx(float(moved.people.fitts_b_ms[0]), rel=0.05)
    assert intercept == pytest.approx(float(moved.people.fitts_a_ms[0]), abs=15)
    assert 1 - misfit.var() / time_ms.var() > 0.9
    assert misfit.std() > 10  # people are not machines
    assert 3 < 1_000 / slope < 12  # bits/s, as measured for the mouse


def test_dragging_costs_more_time_a_bit_than_pointing() -> None:
    moved = _moved(employees=20, spells=4_000)
    bits = index_of_difficulty(moved.distance_px, moved.aims.width_px[moved.step])
    slopes = [
        np.polyfit(bits[kind], moved.movements.duration_ms[kind], 1)[0]
        for kind in (moved.kind == Atom.DRAG, moved.kind == Atom.MOVE)
    ]
    assert 1.2 < slopes[0] / slopes[1] < 1.4


def test_every_movement_starts_where_the_last_one_of_the_person_ended() -> None:
    moved = _moved(employees=10)
    person = moved.steps.person[moved.step]
    m, same = moved.movements, np.diff(person) == 0
    assert (m.from_x_px[1:] == m.to_x_px[:-1])[same].all()
    assert (m.from_y_px[1:] == m.to_y_px[:-1])[same].all()
    first = np.flatnonzero(np.r_[True, ~same])
    assert (m.from_x_px[first] == moved.people.screen_px[:, 0] // 2).all()


def test_all_of_every_path_is_on_the_persons_screen() -> None:
    moved = _moved(employees=20, spells=4_000)
    person = np.repeat(moved.steps.person[moved.step], moved.burst.count)
    assert (moved.burst.x_px < moved.people.screen_px[person, 0]).all()
    assert (moved.burst.y_px < moved.people.screen_px[person, 1]).all()


def test_some_movements_overshoot_and_are_corrected_to_inside_the_target() -> None:
    moved = _moved(employees=5, spells=2_000)
    moves, corrections = moved.kind == Atom.MOVE, moved.kind == Atom.CORRECT
    assert 0.08 < corrections.sum() / moves.sum() < 0.16
    at = np.flatnonzero(corrections)
    assert (moved.kind[at - 1] == Atom.MOVE).all()
    assert (moved.step[at - 1] == moved.step[at]).all()
    hit = moved.aims.hit_px[moved.step[at]]
    assert (np.column_stack([moved.movements.to_x_px, moved.movements.to_y_px])[at] == hit).all()
    before = moved.distance_px[at - 1]
    assert np.median(moved.distance_px[at] / np.maximum(before, 1)) == pytest.approx(0.07, abs=0.02)


def test_endpoints_scatter_within_the_target_as_fitts_law_assumes() -> None:
    moved = _moved(employees=3)
    missed = (moved.aims.hit_px - moved.aims.target_px) / moved.aims.width_px[:, None]
    assert (
        abs(missed) * moved.aims.width_px[:, None] <= moved.aims.width_px[:, None] / 2 + 1
    ).all()
    wide = moved.aims.width_px > 40  # where whole pixels matter little
    assert missed[wide].std() == pytest.approx(1 / 4.133, rel=0.08)
    assert abs(missed[wide].mean()) < 0.02


def test_only_a_drag_ends_elsewhere_than_it_aims() -> None:
    moved = _moved(employees=5)
    elsewhere = (moved.aims.hit_px != moved.aims.end_px).any(axis=1)
    assert not elsewhere[moved.steps.kind != Kind.DRAG].any()
    assert elsewhere[moved.steps.kind == Kind.DRAG].mean() > 0.95
