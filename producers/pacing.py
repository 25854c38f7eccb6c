"""Gives out things when they are due, at a chosen multiple of real time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import TypeVar

from events.clock import MS_PER_MINUTE, MS_PER_S, Clock

Item = TypeVar("Item")

#: A longer step of time (a break, or a garbled clock) is played as this long, so that one bad row
#: cannot halt a replay.
MAX_STEP_MS = 10 * MS_PER_MINUTE

#: Longest sleep in one piece: how late a stop can be noticed.
_NAP_S = 0.1


def merged(timelines: Iterable[Iterable[tuple[int, Item]]]) -> Iterator[tuple[int, Item]]:
    """All ``(time_ms, item)`` in one order, as ``(due_ms, item)``. Each timeline begins at 0 and
    keeps its own order: where its time steps back, the item is due with the one before it."""
    return heapq.merge(*map(_due, timelines), key=itemgetter(0))


def _due(timeline: Iterable[tuple[int, Item]]) -> Iterator[tuple[int, Item]]:
    due_ms = before_ms = 0
    for time_ms, item in timeline:
        due_ms += min(max(0, time_ms - before_ms), MAX_STEP_MS)
        before_ms = time_ms
        yield due_ms, item


def paced(
    timeline: Iterable[tuple[int, Item]],
    speed: float,
    clock: Clock,
    sleep: Callable[[float], None],
    stopped: Callable[[], bool],
) -> Iterator[Item]:
    """Each item once ``due_ms`` have passed at ``speed`` times real time, counted from when the
    first item was at hand; ends early where ``stopped()`` says so. Never early, and never behind
    for good: items that are overdue come at once."""
    started_s: float | None = None
    for due_ms, item in timeline:
        started_s = clock.monotonic_s() if started_s is None else started_s
        due_s = started_s + due_ms / MS_PER_S / speed
        while (left_s := due_s - clock.monotonic_s()) > 0 and not stopped():
            sleep(min(left_s, _NAP_S))
        if stopped():
            return
        yield item
