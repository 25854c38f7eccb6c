"""Where the pointer goes: targets, misses, overshoots and drags, as one chain for each person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from producers.simulation.atoms import Atom, Atoms
from producers.simulation.habits import WIDTH_PX, Array, Kind
from producers.simulation.organisation import Organisation
from producers.simulation.pointer import Movements, index_of_difficulty
from producers.simulation.steps import Steps, moves_pointer

#: Endpoints scatter normally; Fitts's law holds for a width that 96 % of them hit, 4.133 standard
#: deviations (MacKenzie 1992).
_DEVIATIONS_IN_WIDTH = 4.133

_OVERSHOOT_SHARE = 0.12
_NEAR_SHARE = 0.65  # targets close to where the person is working
_NEAR_SPREAD = 0.10  # of the screen
_TIME_SPREAD = 0.08  # of the logarithm, from one movement to the next
_DRAG_SLOWER = 1.3  # MacKenzie, Sellen and Buxton 1991: dragging costs more time a bit
_BOW_SHARE = 0.03  # of the distance

_MOVING = (Atom.MOVE, Atom.CORRECT, Atom.DRAG)


@dataclass(frozen=True, slots=True)
class Aims:
    """One row a step: the middle of its target and the place in it that is hit, how far beyond it
    shoots as a share of the way (0: not), where it ends (elsewhere than ``hit`` for a drag)."""

    target_px: Array
    width_px: Array
    hit_px: Array
    overshoot: Array
    end_px: Array


@dataclass(frozen=True, slots=True)
class Course:
    """What the movements of a slice go through: every step's aims, beginning where each person's
    pointer rests (people x 2)."""

    aims: Aims
    rests_px: Array


def aim(rng: np.random.Generator, people: Organisation, steps: Steps) -> Aims:
    """A target for every step, inside the person's screen."""
    count = len(steps)
    most = (people.screen_px[steps.person] - 1).astype(np.float32)
    spell = np.cumsum(steps.opens) - 1
    centre = rng.uniform(0.15, 0.85, (int(steps.opens.sum()), 2)).astype(np.float32)
    near = centre[spell] + rng.standard_normal((count, 2), np.float32) * np.float32(_NEAR_SPREAD)
    anywhere = rng.random((count, 2), np.float32)
    target = np.where(rng.random((count, 1), np.float32) < _NEAR_SHARE, near, anywhere) * most
    target = _inside(target, most)
    width = WIDTH_PX[steps.role] * np.exp(rng.standard_normal(count, np.float32) * np.float32(0.3))
    scatter = rng.standard_normal((count, 2), np.float32) / np.float32(_DEVIATIONS_IN_WIDTH)
    hit = _inside(target + np.clip(scatter, -0.5, 0.5) * width[:, None], most)
    drags = (steps.kind == Kind.DRAG)[:, None]
    way = rng.standard_normal((count, 2), np.float32) * np.float32(_NEAR_SPREAD) * most
    beyond = rng.uniform(0.03, 0.12, count) * (rng.random(count) < _OVERSHOOT_SHARE)
    overshoot = np.where(moves_pointer(steps.kind), beyond, 0).astype(np.float32)
    return Aims(target, width, hit, overshoot, np.where(drags, _inside(hit + way, most), hit))


def chain(
    rng: np.random.Generator, people: Organisation, steps: Steps, atoms: Atoms, course: Course
) -> tuple[Array, Movements]:
    """The atoms that move and their movements."""
    rows = atoms.of(*_MOVING)
    step, drags = atoms.step[rows], atoms.kind[rows] == Atom.DRAG
    person, width = steps.person[step], course.aims.width_px[step]
    most = (people.screen_px[person] - 1).astype(np.float32)
    start, end = _points(atoms, rows, person, most, course)
    distance = np.hypot(*(end - start).T)
    bits = index_of_difficulty(distance, width) * np.where(drags, _DRAG_SLOWER, 1)
    noise = np.exp(rng.standard_normal(len(rows), np.float32) * np.float32(_TIME_SPREAD))
    time_ms = (people.fitts_a_ms[person] + people.fitts_b_ms[person] * bits) * noise
    return rows, Movements(
        from_x_px=start[:, 0],
        from_y_px=start[:, 1],
        to_x_px=end[:, 0],
        to_y_px=end[:, 1],
        bow_px=_bow(rng, start, end, most, distance),
        duration_ms=time_ms.astype(np.int32),
        sample_ms=people.sample_ms[person],
    )


def _points(
    atoms: Atoms, rows: Array, person: Array, most: Array, course: Course
) -> tuple[Array, Array]:
    """Where each movement starts and ends. Only a MOVE overshoots, and a CORRECT always comes
    before the next one, so no start depends on a longer chain than one movement."""
    step, kind, aims = atoms.step[rows], atoms.kind[rows], course.aims
    goal = np.where((kind == Atom.DRAG)[:, None], aims.end_px[step], aims.hit_px[step])
    first = np.ones(len(rows), bool)
    first[1:] = person[1:] != person[:-1]
    start = np.where(first[:, None], course.rests_px[person], np.roll(goal, 1, axis=0))
    beyond = np.where(kind == Atom.MOVE, aims.overshoot[step], 0)[:, None]
    end = np.where(beyond > 0, _inside(goal + (goal - start) * beyond, most), goal)
    start = np.where((kind == Atom.CORRECT)[:, None], np.roll(end, 1, axis=0), start)
    return start.astype(np.float32), end.astype(np.float32)


def _inside(place_px: Array, most_px: Array) -> Array:
    return np.asarray(np.rint(np.clip(place_px, 0, most_px)))


def _bow(rng: np.random.Generator, start: Array, end: Array, most: Array, distance: Array) -> Array:
    """How far the path strays; never farther than the chord is from the screen's edge, so that
    the whole path is on the screen."""
    edge = np.minimum(np.minimum(start, end), most - np.maximum(start, end)).min(axis=1)
    stray = rng.standard_normal(len(start), np.float32) * np.float32(_BOW_SHARE) * distance
    return np.asarray(np.clip(stray, -edge, edge).astype(np.float32))
