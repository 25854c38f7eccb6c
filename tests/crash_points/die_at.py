"""Runs a command of glasshouse that dies at a point, as by ``kill -9``:

    python -m tests.crash_points.die_at WORKER 3

where the words are the tuple in points.py and the place in it."""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import glasshouse
from tests.crash_points import points
from tests.crash_points.points import Point


def plant(point: Point) -> None:
    """Put the end of this process at ``point``. Fails where there is no such place."""
    module_name, _, path = point.place.partition(":")
    owner_name, _, method = path.partition(".")
    owner = getattr(importlib.import_module(module_name), owner_name)
    setattr(owner, method, _deadly(getattr(owner, method), point))


def _deadly(call: Callable[..., Any], point: Point) -> Callable[..., Any]:
    calls = 0

    def is_due() -> bool:
        nonlocal calls
        calls += 1
        return calls == point.nth

    if inspect.iscoroutinefunction(call):

        @functools.wraps(call)
        async def later(*arguments: Any, **named: Any) -> Any:
            due = is_due()
            if due and point.when == "before":
                _die()
            result = await call(*arguments, **named)
            if due:
                _die()
            return result

        return later

    @functools.wraps(call)
    def now(*arguments: Any, **named: Any) -> Any:
        due = is_due()
        if due and point.when == "before":
            _die()
        result = call(*arguments, **named)
        if due:
            _die()
        return result

    return now


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    chosen: Point = getattr(points, sys.argv[1])[int(sys.argv[2])]
    plant(chosen)
    sys.argv[1:] = [chosen.command]
    glasshouse.main()
