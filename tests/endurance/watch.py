"""Looks at a stack once a second: keeps it running, takes samples, says how it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from events.options import err
from tests.endurance.memory import Samples
from tests.endurance.stack import Stack

_LOOK_S = 1.0
_SAY_S = 10.0
_START_S = 180.0
_ROWS = "glasshouse_inserted_rows_total"
_LAG = "glasshouse_lag_seconds"


@dataclass(frozen=True, slots=True)
class Sight:
    """``events`` and ``acknowledged`` are what the producer last said, once a second, ``told_s``
    after it began. ``lag_s``: how long anything waits in any partition, by whoever reads it; None
    while one of them does not say. ``rows``: inserted by the loader since it was last started."""

    at_s: float
    told_s: float
    events: int
    acknowledged: int
    lag_s: float | None
    rows: int

    @property
    def flows(self) -> bool:
        """Whether every reader has read something."""
        return self.lag_s is not None


@dataclass(slots=True)
class Watch:
    stack: Stack
    samples: Samples = field(default_factory=Samples)
    sights: list[tuple[str, Sight]] = field(default_factory=list)
    _began_s: float = field(default_factory=time.monotonic)
    _said_s: float = 0.0

    @property
    def now_s(self) -> float:
        return time.monotonic() - self._began_s

    def until(self, phase: str, at_most_s: float, done: Callable[[Sight], bool]) -> bool:
        """Watch until ``done`` of what is seen, or for so long; whether it was done."""
        until_s = self.now_s + at_most_s
        while self.now_s < until_s:
            began_s = self.now_s
            self.stack.tick()
            self.samples.take(phase, self.now_s, self.stack.pids())
            sight = self._look()
            self.sights.append((phase, sight))
            self._say(phase, sight)
            if done(sight):
                return True
            time.sleep(max(0.0, _LOOK_S - (self.now_s - began_s)))
        return False

    def wait_until_all_flows(self) -> None:
        """Raises ``RuntimeError`` where that takes minutes."""
        if not self.until("starting", _START_S, lambda seen: seen.rows > 0 and seen.flows):
            raise RuntimeError(f"nothing flows after {_START_S:g} s: see {self.stack.folder}")

    def stay(self, phase: str, seconds: float) -> None:
        self.until(phase, seconds, lambda _: False)

    def of(self, phase: str) -> list[Sight]:
        return [sight for named, sight in self.sights if named == phase]

    def _look(self) -> Sight:
        told = self.stack.progress()
        readers = [name for name in self.stack.running if name != "producer"]
        seen = {name: self.stack.metrics(name) for name in readers}
        return Sight(
            self.now_s,
            told.get("seconds", 0.0),
            told.get("events", 0),
            told.get("events_acknowledged", 0),
            _most(seen),
            int(sum(seen["loader"].get(_ROWS, ()))),
        )

    def _say(self, phase: str, sight: Sight) -> None:
        if sight.at_s < self._said_s + _SAY_S:
            return
        self._said_s = sight.at_s
        memory = ", ".join(
            f"{name} {taken[-1][2]:,.0f}"
            for name, taken in self.samples.taken.items()
            if sight.at_s - taken[-1][1] < 2 * _LOOK_S
        )
        lag = "?" if sight.lag_s is None else f"{sight.lag_s:.0f}"
        err.print(
            f"{sight.at_s:6.0f} s  {phase:12}  {sight.events:>12,} events made, "
            f"{sight.acknowledged:,} in Kafka, {sight.rows:,} rows in; waiting {lag} s; "
            f"MiB: {memory}",
            highlight=False,
            soft_wrap=True,
        )


def _most(seen: Mapping[str, Mapping[str, list[float]]]) -> float | None:
    """The longest that anything waits. One of the workers may have no partition."""
    if not seen["loader"].get(_LAG) or not any(
        metrics.get(_LAG) for name, metrics in seen.items() if name != "loader"
    ):
        return None
    return max(max(metrics[_LAG]) for metrics in seen.values() if metrics.get(_LAG))
