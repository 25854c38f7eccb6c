"""What is measured of each pointer action.

``MOTION`` is of the published kind: the moments of velocity, acceleration, jerk, angular velocity
and curvature, and the shape of the path (Gamboa and Fred 2004; Antal and Egyed-Zsigmond 2019 list
39 of these). ``HABIT`` is what else the rows tell and an attacker would not leave out: where on the
screen, how often the device reports, how long a button is held, how long the pause before was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.reidentification.segment import Kind, Segments
from benchmarks.reidentification.sessions import Floats, Ints, Session
from events.clock import MS_PER_S
from events.vocabulary import Action

_RATES = ("speed_x", "speed_y", "speed", "acceleration", "jerk", "turning_speed", "curvature")
_MOMENTS = ("mean", "deviation", "least", "most")
_SHAPE = (
    "duration_s",
    "path_px",
    "distance_px",
    "direction_cos",
    "direction_sin",
    "straightness",
    "turning_rad",
    "sharp_turns",
    "largest_deviation_px",
    "points",
    "is_move",
    "is_click",
    "is_drag",
    "is_scroll",
)
MOTION = tuple(f"{rate}_{moment}" for rate in _RATES for moment in _MOMENTS) + _SHAPE
HABIT = (
    "start_x_px",
    "start_y_px",
    "end_x_px",
    "end_y_px",
    "events",
    "interval_mean_s",
    "interval_least_s",
    "held_s",
    "pause_before_s",
    "wheel_steps",
)
NAMES = MOTION + HABIT

#: A turn sharper than this counts (18 degrees; Antal and Egyed-Zsigmond's critical points).
_SHARP_RAD = np.pi / 10
#: Longer pauses say only that the person was away.
_LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True, repr=False)
class _Path:
    """The p points of all actions: one for each different time, where the pointer was last then.
    ``owner`` int64[p] is the action; ``first``, ``last`` int64[s] are its first and last point."""

    t_s: Floats
    x: Floats
    y: Floats
    owner: Ints
    first: Ints
    last: Ints

    def mean(self, values: Floats) -> Floats:
        return np.asarray(self.sum(values) / (self.last - self.first + 1))

    def sum(self, values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values, self.first))

    def least(self, values: Floats) -> Floats:
        return np.asarray(np.minimum.reduceat(values, self.first))

    def most(self, values: Floats) -> Floats:
        return np.asarray(np.maximum.reduceat(values, self.first))

    def moments(self, values: Floats) -> list[Floats]:
        """Mean, standard deviation, least and most of each action."""
        mean = self.mean(values)
        spread = self.mean((values - mean[self.owner]) ** 2)
        return [mean, np.sqrt(spread), self.least(values), self.most(values)]

    def steps(self, values: Floats) -> Floats:
        """Each point's value minus the one before; 0 at the first point of an action."""
        step = np.diff(values, prepend=values[:1])
        step[self.first] = 0.0
        return step


def features(session: Session, segments: Segments) -> Floats:
    """float64[s, len(NAMES)]: the features of each action, all finite."""
    if not len(segments):
        return np.empty((0, len(NAMES)))
    path = _path(session, segments)
    columns = [*_motion(path, segments), *_habit(session, segments, path)]
    return np.column_stack(columns)


def _path(session: Session, segments: Segments) -> _Path:
    owner = np.repeat(np.arange(len(segments)), segments.count)
    is_last = np.ones(len(owner), dtype=np.bool_)
    is_last[:-1] = (np.diff(owner) != 0) | (np.diff(session.time_ms) != 0)
    at = np.flatnonzero(is_last)
    owner = owner[at]
    points = np.bincount(owner, minlength=len(segments))
    last = np.cumsum(points) - 1
    return _Path(
        session.time_ms[at] / MS_PER_S,
        session.x_px[at].astype(np.float64),
        session.y_px[at].astype(np.float64),
        owner,
        last - points + 1,
        last,
    )


def _motion(path: _Path, segments: Segments) -> list[Floats]:
    dx, dy, dt = path.steps(path.x), path.steps(path.y), path.steps(path.t_s)
    dt[path.first] = 1.0  # nothing has moved there
    step = np.hypot(dx, dy)
    speed = step / dt
    acceleration = path.steps(speed) / dt
    turn = _turns(dx, dy, step, path)
    curvature = np.divide(turn, step, out=np.zeros_like(turn), where=step > 0)
    jerk = path.steps(acceleration) / dt
    rates = (dx / dt, dy / dt, speed, acceleration, jerk, turn / dt, curvature)
    columns = [column for rate in rates for column in path.moments(rate)]
    return [*columns, *_shape(path, segments, step, turn)]


def _turns(dx: Floats, dy: Floats, step: Floats, path: _Path) -> Floats:
    """By how much the direction changed at each point, -pi to pi; 0 beside a point at rest."""
    change = path.steps(np.arctan2(dy, dx))
    change = (change + np.pi) % (2 * np.pi) - np.pi
    moved = step > 0
    before = np.concatenate(([False], moved[:-1]))
    before[path.first] = False
    return np.where(moved & before, change, 0.0)


def _shape(path: _Path, segments: Segments, step: Floats, turn: Floats) -> list[Floats]:
    across_x = path.x[path.last] - path.x[path.first]
    across_y = path.y[path.last] - path.y[path.first]
    distance, length = np.hypot(across_x, across_y), path.sum(step)
    safe = np.where(distance > 0, distance, 1.0)
    off_x, off_y = (values - values[path.first][path.owner] for values in (path.x, path.y))
    cross = off_x * across_y[path.owner] - off_y * across_x[path.owner]
    return [
        path.t_s[path.last] - path.t_s[path.first],
        length,
        distance,
        across_x / safe,
        across_y / safe,
        distance / np.where(length > 0, length, 1.0),
        path.sum(np.abs(turn)),
        path.sum((np.abs(turn) > _SHARP_RAD).astype(np.float64)),
        path.most(np.abs(cross) / safe[path.owner]),
        (path.last - path.first + 1).astype(np.float64),
        *((segments.kind == kind).astype(np.float64) for kind in Kind),
    ]


def _habit(session: Session, segments: Segments, path: _Path) -> list[Floats]:
    last_event = segments.first + segments.count - 1
    interval = path.steps(path.t_s)
    between = np.where(np.isin(np.arange(len(interval)), path.first), np.inf, interval)
    least = path.least(between)
    points = path.last - path.first + 1
    since_s = (session.time_ms[segments.first[1:]] - session.time_ms[last_event[:-1]]) / MS_PER_S
    wheel = np.where(session.action == Action.SCROLL, np.abs(session.detail), 0)
    return [
        path.x[path.first],
        path.y[path.first],
        path.x[path.last],
        path.y[path.last],
        segments.count.astype(np.float64),
        path.sum(interval) / np.maximum(points - 1, 1),
        np.where(np.isfinite(least), least, 0.0),
        _held_s(session, segments),
        np.concatenate(([0.0], np.clip(since_s, 0.0, _LONGEST_PAUSE_S))),
        np.add.reduceat(wheel, segments.first).astype(np.float64),
    ]


def _held_s(session: Session, segments: Segments) -> Floats:
    """From the last press to the last release of each action; 0 without both."""
    far = np.iinfo(np.int64).min

    def latest_ms(action: Action) -> Ints:
        times = np.where(session.action == action, session.time_ms, far)
        return np.asarray(np.maximum.reduceat(times, segments.first))

    pressed, released = latest_ms(Action.BUTTON_DOWN), latest_ms(Action.BUTTON_UP)
    both = (pressed > far) & (released > far)
    held_ms = np.where(both, released, 0) - np.where(both, pressed, 0)
    return np.asarray(np.maximum(held_ms, 0) / MS_PER_S)
