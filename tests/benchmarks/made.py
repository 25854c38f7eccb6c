"""Made-up people who move a pointer, in the layout of the real recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.reidentification.sessions import Session
from events.vocabulary import Action

_HEADER = "record timestamp,client timestamp,button,state,x,y"
_STEP_S = 0.015


def write_recordings(
    folder: Path,
    speeds_px_per_s: Sequence[float],
    sessions: int = 4,
    actions: int = 60,
    pause_s: float = 2.0,
) -> Path:
    """``sessions`` of each person, who moves from target to target at a speed of their own, and
    otherwise like everybody, with pauses of at most ``pause_s``. Deterministic."""
    for person, speed in enumerate(speeds_px_per_s):
        home = folder / f"person{person:02d}"
        home.mkdir(parents=True)
        for number in range(sessions):
            draw = np.random.default_rng([person, number])
            lines = "\n".join([_HEADER, *_lines(draw, speed, actions, pause_s)])
            (home / f"session_{number}").write_text(lines + "\n")
    return folder


def _lines(draw: np.random.Generator, speed: float, actions: int, pause_s: float) -> list[str]:
    lines, at_s, here = [], 0.0, np.array([900.0, 500.0])

    def say(state: str, button: str = "NoButton") -> None:
        x, y = np.rint(here).astype(int)
        lines.append(f"{at_s:.3f},{at_s:.3f},{button},{state},{x},{y}")

    for _ in range(actions):
        target = draw.uniform([20, 20], [1_900, 1_060])
        steps = max(6, int(np.hypot(*(target - here)) / speed / _STEP_S))
        way = (target - here) / steps
        for _ in range(steps):
            at_s += _STEP_S
            here = here + way + draw.normal(0, 0.5, 2)
            here = np.clip(here, 0, [1_919, 1_079])
            say("Move")
        at_s += 0.1
        say("Pressed", "Left")
        at_s += 0.08
        say("Released", "Left")
        at_s += float(draw.uniform(0.2, pause_s))
    return lines


def session(
    time_ms: Sequence[int], action: Sequence[int], x_px: Sequence[int], y_px: Sequence[int]
) -> Session:
    """One session by hand, in one batch."""
    time, act, x, y = (np.array(each, dtype=np.int64) for each in (time_ms, action, x_px, y_px))
    zeros = np.zeros(len(time), dtype=np.int64)
    nothing = np.empty(0, dtype=np.int64)
    return Session(0, 0, zeros, time, act, x, y, zeros, nothing, np.empty((0, 6)))


def line(points: int, step_px: int, step_ms: int) -> Session:
    """A straight move to the right at one speed."""
    places = np.arange(points)
    return session(
        (places * step_ms).tolist(),
        [Action.MOVE] * points,
        (places * step_px).tolist(),
        [100] * points,
    )


def with_minutes(person: int, number: int, measures: Sequence[Sequence[float]]) -> Session:
    """A session of which only the minutes matter, from minute 0 on."""
    values = np.array(measures, dtype=np.float64)
    empty = session([], [], [], [])
    minutes = np.arange(len(values))
    return replace(empty, person=person, number=number, minutes=minutes, measures=values)
