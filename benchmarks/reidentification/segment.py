"""Cuts a session into pointer actions: moves, point-clicks, drags and scrolls.

    moves . . . . . .   gap   . . . . press release   press . . . . release   wheel wheel
    [     move      ]         [       click       ]   [       drag        ]   [  scroll  ]

After Gamboa and Fred (2004), Feher et al. (2012) and Antal and Egyed-Zsigmond (2019), who use the
first three on the data set that this is run on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique

import numpy as np

from benchmarks.reidentification.sessions import Bools, Ints, Session
from events.vocabulary import Action

#: A pause this long ends an action. Movements to a target take less (Fitts' law: well below 1 s).
PAUSE_MS = 1_000


@unique
class Kind(IntEnum):
    MOVE = 0
    CLICK = 1
    DRAG = 2
    SCROLL = 3


@dataclass(frozen=True, slots=True, repr=False)
class Segments:
    """s consecutive actions: ``first`` and ``count`` of their events, and ``kind``, int64[s]."""

    first: Ints
    count: Ints
    kind: Ints

    def __len__(self) -> int:
        return len(self.first)


def segment(session: Session) -> Segments:
    """The actions of a session. Every event belongs to exactly one."""
    action = session.action
    is_move, is_wheel = action == Action.MOVE, action == Action.SCROLL
    is_press, is_release = action == Action.BUTTON_DOWN, action == Action.BUTTON_UP
    gap_ms = np.diff(session.time_ms)
    starts = np.ones(len(action), dtype=np.bool_)
    starts[1:] = is_release[:-1] | (gap_ms > PAUSE_MS) | (gap_ms < 0)
    starts[1:] |= is_wheel[1:] != is_wheel[:-1]
    starts[:-1] |= is_press[:-1] & is_move[1:]
    first = np.flatnonzero(starts)
    count = np.diff(first, append=len(action))
    kind = np.full(len(first), Kind.MOVE, dtype=np.int64)
    kind[_any(is_press | is_release, first)] = Kind.CLICK
    kind[is_press[first] & _any(is_move, first)] = Kind.DRAG
    kind[is_wheel[first]] = Kind.SCROLL
    return Segments(first, count, kind)


def _any(flags: Bools, first: Ints) -> Bools:
    """Whether any event of each action has the flag."""
    return np.asarray(np.logical_or.reduceat(flags, first) if len(first) else flags[:0])
