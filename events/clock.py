"""The only module that reads the time. Everything else is handed a ``Clock``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

MS_PER_S = 1_000
MS_PER_MINUTE = 60 * MS_PER_S
MS_PER_HOUR = 60 * MS_PER_MINUTE
MS_PER_DAY = 24 * MS_PER_HOUR

#: The times in ms UTC that our tables can hold: ClickHouse's DateTime ends in 2106.
TIMES_MS = range(2**32 * MS_PER_S)

#: Linux stops its usual monotonic clock while the machine sleeps: what was proved before would look
#: new after it. Elsewhere the usual one goes on, or there is no better one.
_ALWAYS_RUNS: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """``now_ms`` is wall time in integer ms UTC; ``monotonic_s`` only measures spans, also those in
    which the machine sleeps."""

    def now_ms(self) -> int: ...

    def monotonic_s(self) -> float: ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.clock_gettime(_ALWAYS_RUNS)


@dataclass(slots=True)
class FixedClock:
    """Stands still until moved by hand; for tests and for reproducible replays."""

    at_ms: int

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_s(self) -> float:
        return self.at_ms / MS_PER_S


def to_datetime(at_ms: int) -> datetime:
    """Aware UTC datetime of integer milliseconds, for the border to people."""
    return _EPOCH + timedelta(milliseconds=at_ms)


def to_ms(moment: datetime) -> int:
    """Integer ms UTC of an aware datetime; a naive one is a ValueError, never guessed."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a time zone")
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * MS_PER_S + delta.microseconds // 1_000
