"""What hands do between movements: clicks, presses, wheel steps, keys and the person's markers."""

from __future__ import annotations

import numpy as np

from events.vocabulary import Action, Button
from producers.simulation.atoms import Atom, Atoms
from producers.simulation.bursts import Burst, spread, within
from producers.simulation.habits import KEYS, Array, pick
from producers.simulation.organisation import Organisation
from producers.simulation.steps import Steps

_RIGHT_SHARE = 0.07
_SINGLE = {
    Atom.SWITCH: Action.APP_SWITCH,
    Atom.PRESS: Action.BUTTON_DOWN,
    Atom.RELEASE: Action.BUTTON_UP,
    Atom.NAVIGATE: Action.NAVIGATE,
    Atom.PAUSE: Action.PAUSE,
    Atom.RESUME: Action.RESUME,
}
_SINGLE_ACTION = np.zeros(len(Atom), np.uint8)
for _atom, _action in _SINGLE.items():
    _SINGLE_ACTION[_atom] = _action

#: Keys in one burst: mean, and the most.
_KEYS_MEAN, _KEYS_MOST = 14.0, 90
#: Wheel events in one burst: mean, and the most.
_WHEEL_MEAN, _WHEEL_MOST = 8.0, 40


def singles(atoms: Atoms, places: Array) -> Burst:
    """Atoms that are one event: switch, press, release, navigation, markers."""
    rows = atoms.of(*_SINGLE)
    action = _SINGLE_ACTION[atoms.kind[rows]]
    pointing = (action == Action.BUTTON_DOWN) | (action == Action.BUTTON_UP)
    x, y = np.where(pointing, places[rows].T, 0)
    none = np.zeros(len(rows), np.int32)
    return Burst(rows, none + 1, none, none, action, x, y, none)


def clicks(rng: np.random.Generator, atoms: Atoms, places: Array) -> Burst:
    """Down and up, 50 to 160 ms apart; twice for a double click, with 60 to 180 ms between."""
    rows = atoms.of(Atom.CLICK, Atom.DOUBLE_CLICK)
    double = atoms.kind[rows] == Atom.DOUBLE_CLICK
    press = rng.integers(50, 160, (2, len(rows)), np.int32)
    between = rng.integers(60, 180, len(rows), np.int32)
    at = np.stack(
        [0 * between, press[0], press[0] + between, press[0] + between + press[1]], axis=1
    )
    count = np.where(double, 4, 2)
    number, row = within(count), spread(count)
    right = ~double & (rng.random(len(rows)) < _RIGHT_SHARE)
    button = np.where(right, Button.RIGHT, Button.LEFT)[row]
    x, y = places[rows[row]].T
    action = (Action.BUTTON_DOWN + (number & 1)).astype(np.uint8)
    return Burst(
        rows, count, at[np.arange(len(rows)), count - 1], at[row, number], action, x, y, button
    )


def scrolls(rng: np.random.Generator, atoms: Atoms, places: Array) -> Burst:
    """A run of the wheel one way, mostly down, an event every 15 to 90 ms."""
    rows = atoms.of(Atom.SCROLL)
    count = np.minimum(rng.geometric(1 / _WHEEL_MEAN, len(rows)), _WHEEL_MOST)
    row = spread(count)
    way = np.where(rng.random(len(rows)) < 0.75, -1, 1)
    detail = way[row] * np.maximum(1, rng.integers(-4, 4, len(row)))
    x, y = places[rows[row]].T
    offset, duration = _paced(rng.integers(15, 90, len(row), np.int32), count)
    action = np.full(len(row), Action.SCROLL, np.uint8)
    return Burst(rows, count, duration, offset, action, x, y, detail)


def keys(rng: np.random.Generator, atoms: Atoms, people: Organisation, steps: Steps) -> Burst:
    """A burst of typing: each key goes down and up before the next, as classes only."""
    rows = atoms.of(Atom.KEYS)
    step = atoms.step[rows]
    typed = np.minimum(rng.geometric(1 / _KEYS_MEAN, len(rows)), _KEYS_MOST)
    row = spread(typed)
    spreading = np.exp(rng.standard_normal(len(row), np.float32) * np.float32(0.35))
    interval = np.clip(people.key_ms[steps.person[step]][row] * spreading, 60, 2_000)
    interval = interval.astype(np.int32)
    held = (interval * rng.uniform(0.3, 0.6, len(row))).astype(np.int32)
    down, ends = _paced(interval, typed)
    classes = pick(rng, KEYS, people.styles[steps.application[step]][row])
    offset = np.column_stack([down, down + held]).ravel()
    action = np.tile(np.array([Action.KEY_DOWN, Action.KEY_UP], np.uint8), len(row))
    none = np.zeros(len(offset), np.uint8)
    return Burst(rows, 2 * typed, ends, offset, action, none, none, np.repeat(classes, 2))


def _paced(interval_ms: Array, count: Array) -> tuple[Array, Array]:
    """When each element happens after its row's beginning, if each takes ``interval_ms``; and how
    long the rows last."""
    ends = np.cumsum(interval_ms, dtype=np.int32)
    last = ends[np.cumsum(count) - 1] if len(count) else ends
    before = np.r_[np.int32(0), last][: len(count)]
    return ends - interval_ms - np.repeat(before, count), last - before
