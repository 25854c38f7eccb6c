"""When people are at work: arrival, lunch and leaving, a little different every day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from events.clock import MS_PER_HOUR, MS_PER_MINUTE
from producers.simulation.habits import Array
from producers.simulation.organisation import Organisation
from producers.simulation.randomness import Stream, generator

#: Nobody works outside these hours of the day, so nothing is generated there.
OPENS_MS = 7 * MS_PER_HOUR
CLOSES_MS = 19 * MS_PER_HOUR

#: Time is generated in slices of this length, all people one after the other within a slice.
#: Shorter than any lunch, so that a person is at work at most once in a slice.
SLICE_MS = 10 * MS_PER_MINUTE

_ABSENT_SHARE = 0.4  # of the part-timers, on a given day


@dataclass(frozen=True, slots=True)
class Hours:
    """A person's day: at work in [arrives, lunch) and [returns, leaves), ms since midnight."""

    arrives_ms: Array
    lunch_ms: Array
    returns_ms: Array
    leaves_ms: Array

    def worked_ms(self) -> Array:
        return np.asarray(self.lunch_ms - self.arrives_ms + self.leaves_ms - self.returns_ms)


@dataclass(frozen=True, slots=True)
class Windows:
    """Who is at work in a slice: ``person`` ascending, from ``start_ms`` to ``end_ms`` after the
    slice's start, and in which ``half`` of the day (0 before lunch, 1 after)."""

    person: Array
    start_ms: Array
    end_ms: Array
    half: Array


def hours_of(people: Organisation, day: int) -> Hours:
    """Working hours on the ``day``-th working day. Absent people have two empty halves."""
    rng = generator(people.config, Stream.HOURS, day)
    count = len(people)
    minutes = np.stack(
        [
            rng.normal(8 * 60 + 40, 35, count),
            rng.normal(12 * 60 + 20, 18, count),
            rng.uniform(30, 60, count),
            rng.normal(17 * 60 + 20, 40, count),
        ]
    )
    arrives, lunch, lasts, leaves = (minutes * MS_PER_MINUTE).astype(np.int64)
    arrives = np.clip(arrives, OPENS_MS, 11 * MS_PER_HOUR)
    lunch = np.clip(lunch, 11 * MS_PER_HOUR + 30 * MS_PER_MINUTE, 13 * MS_PER_HOUR)
    returns = lunch + lasts
    leaves = np.clip(leaves, 15 * MS_PER_HOUR, CLOSES_MS)
    half_day = rng.integers(0, 2, count)
    absent = people.part_time & (rng.random(count) < _ABSENT_SHARE)
    no_morning = absent | (people.part_time & (half_day == 1))
    no_afternoon = absent | (people.part_time & (half_day == 0))
    return Hours(
        np.where(no_morning, lunch, arrives),
        lunch,
        returns,
        np.where(no_afternoon, returns, leaves),
    )


def windows(hours: Hours, people: slice, slice_start_ms: int) -> Windows:
    """Who of ``people`` works in the slice that starts ``slice_start_ms`` after midnight."""
    spans = []
    for opens, closes in ((hours.arrives_ms, hours.lunch_ms), (hours.returns_ms, hours.leaves_ms)):
        start = np.clip(opens[people] - slice_start_ms, 0, SLICE_MS)
        end = np.clip(closes[people] - slice_start_ms, 0, SLICE_MS)
        spans.append((start, end))
    (first, before), (second, after) = spans
    half = (after > second).astype(np.int64)
    start, end = np.where(half, second, first), np.where(half, after, before)
    present = np.flatnonzero(end > start)
    return Windows(present + people.start, start[present], end[present], half[present])
