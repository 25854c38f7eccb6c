"""Step 3, inspect: is each event sound? What is wrong with one event harms only that event."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from events.outcomes import Rejected
from events.vocabulary import (
    MAX_WHEEL_STEPS,
    POINTER_ACTIONS,
    Action,
    Button,
    KeyClass,
    Role,
)
from streams.decode import Batches
from streams.fate import PASSED, REJECTED, Fate

_CODES = 256


def _is(*actions: Action) -> NDArray[np.bool_]:
    """Look-up table over action codes."""
    table = np.zeros(_CODES, dtype=np.bool_)
    table[list(actions)] = True
    return table


_KNOWN = _is(*Action)
_HAS_PLACE = _is(*POINTER_ACTIONS)


def _detail_limits() -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Least and largest detail by action code; both 0 where the action has none."""
    least = np.zeros(_CODES, dtype=np.int16)
    largest = np.zeros(_CODES, dtype=np.int16)
    largest[[Action.BUTTON_DOWN, Action.BUTTON_UP]] = max(Button)
    largest[[Action.KEY_DOWN, Action.KEY_UP]] = max(KeyClass)
    least[Action.SCROLL], largest[Action.SCROLL] = -MAX_WHEEL_STEPS, MAX_WHEEL_STEPS
    return least, largest


_LEAST_DETAIL, _LARGEST_DETAIL = _detail_limits()


def inspect(batches: Batches, latest_ms: int) -> Fate:
    """One fate per event, uint8[e]: PASSED, or the first reason of this order that rejects it:
    unknown action, unknown role, unknown detail, coordinate out of range, later than
    ``latest_ms``."""
    action = batches.action
    # Where an action has no place its coordinates mean nothing, and minimising clears them.
    width = np.array([header.screen_width_px for header in batches.headers], dtype=np.uint16)
    height = np.array([header.screen_height_px for header in batches.headers], dtype=np.uint16)
    count = batches.event_count
    outside = (batches.x_px >= np.repeat(width, count)) | (batches.y_px >= np.repeat(height, count))
    checks = (
        (~_KNOWN[action], Rejected.UNKNOWN_ACTION),
        (batches.role > max(Role), Rejected.UNKNOWN_ROLE),
        (
            (batches.detail < _LEAST_DETAIL[action]) | (batches.detail > _LARGEST_DETAIL[action]),
            Rejected.UNKNOWN_DETAIL,
        ),
        (_HAS_PLACE[action] & outside, Rejected.COORDINATE_OUT_OF_RANGE),
        (batches.time_ms > latest_ms, Rejected.IN_FUTURE),
    )
    fates = np.full(len(action), PASSED, dtype=np.uint8)
    for fault, reason in reversed(checks):
        if fault.any():
            fates[fault] = REJECTED[reason]
    return fates
