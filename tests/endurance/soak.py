"""Half of what the stack can carry, for long: is the memory of every process flat?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from events.options import err
from sinks.reconcile import Check
from tests.endurance.limits import Limit, limit_of
from tests.endurance.settle import settle
from tests.endurance.slope import Trend, Verdict, trend
from tests.endurance.stack import Stack
from tests.endurance.watch import Sight, Watch

#: Each step of the search: a rate that is kept for so long, without anything waiting much longer
#: at its end, can be sustained.
FIRST_EVENTS_PER_S = 20_000.0
_STEP, _STEP_S, _MOST_STEPS = 1.4, 25.0, 14
_WAITS_S, _MADE_SHARE = 6.0, 0.95
_DRAIN_S = 300.0
#: Caches fill and code is loaded: a sixth of the run, and not less than a minute.
_WARM_UP_SHARE, _WARM_UP_S = 6, 60.0


@dataclass(frozen=True, slots=True)
class Process:
    """``trend`` is None where it did not live long enough."""

    name: str
    peak_mib: float
    limit: Limit
    trend: Trend | None
    statuses: tuple[int, ...]

    @property
    def ok(self) -> bool:
        """Below its limit, never ended by itself, and flat where it keeps no data."""
        is_flat = self.trend is not None and self.trend.verdict is Verdict.FLAT
        good = is_flat or bool(self.limit.grows_because)
        return good and self.peak_mib < self.limit.mib and not self.statuses


@dataclass(frozen=True, slots=True)
class Outcome:
    """``maximum_events_per_s`` was found, or given."""

    maximum_events_per_s: float
    events_per_s: float
    seconds: float
    events: int
    most_waiting_s: float
    processes: list[Process] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        are_well = all(process.ok for process in self.processes)
        return are_well and all(check.ok for check in self.checks)


def run(stack: Stack, seconds: float, maximum: float, events_per_s: float) -> Outcome:
    """The whole run; ``maximum`` and ``events_per_s`` 0: to be found. Raises ``RuntimeError``."""
    watch = Watch(stack)
    watch.wait_until_all_flows()
    if not (maximum or events_per_s):
        maximum = find_maximum(watch)
    rate = events_per_s or maximum / 2
    stack.set_rate(rate)
    err.print(f"{rate:,.0f} events/s for {seconds / 60:g} minutes", highlight=False)
    began_s = watch.now_s
    watch.stay("soak", seconds)
    took_s = watch.now_s - began_s
    processes = dict(stack.running)
    checks, result = settle(watch)
    warm_up_s = max(_WARM_UP_S, seconds / _WARM_UP_SHARE)
    return Outcome(
        maximum,
        rate,
        took_s,
        result["events"],
        max((seen.lag_s or 0.0 for seen in watch.of("soak")), default=0.0),
        [
            Process(
                name,
                max(mib for _, mib in watch.samples.of(name)),
                limit_of(name),
                trend(watch.samples.of(name, "soak"), warm_up_s),
                tuple(processes[name].statuses) if name in processes else (),
            )
            for name in watch.samples.taken
        ],
        checks,
    )


def find_maximum(watch: Watch) -> float:
    """The largest rate tried that was carried; what waits is loaded before this returns."""
    rate, carried = FIRST_EVENTS_PER_S, 0.0
    watch.until("draining", _DRAIN_S, _little_waits)
    for _ in range(_MOST_STEPS):
        watch.stack.set_rate(rate)
        phase = f"{rate:,.0f}/s"
        watch.stay(phase, _STEP_S)
        if not is_carried(watch.of(phase), rate):
            break
        carried, rate = rate, rate * _STEP
    if not carried:
        raise RuntimeError(f"not even {FIRST_EVENTS_PER_S:,.0f} events/s are carried here")
    watch.stack.set_rate(carried / 4)
    watch.until("draining", _DRAIN_S, _little_waits)
    return carried


def _little_waits(seen: Sight) -> bool:
    return seen.lag_s is not None and seen.lag_s < _WAITS_S


def is_carried(seen: list[Sight], rate: float) -> bool:
    """Whether the second half of a step made events at that rate, by the producer's own clock since
    it speaks but once a second, and nothing waits for long at its end."""
    half, last = seen[len(seen) // 2], seen[-1]
    made = (last.events - half.events) / max(last.told_s - half.told_s, 1e-9)
    return made >= _MADE_SHARE * rate and _little_waits(last)


def as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "ok": outcome.ok,
        "maximum_events_per_s": round(outcome.maximum_events_per_s),
        "events_per_s": round(outcome.events_per_s),
        "seconds": round(outcome.seconds, 1),
        "events": outcome.events,
        "most_waiting_s": round(outcome.most_waiting_s, 1),
        "processes": {process.name: _process_json(process) for process in outcome.processes},
        "checks": {
            check.name: {"expected": check.expected, "found": check.found, "ok": check.ok}
            for check in outcome.checks
        },
    }


def _process_json(process: Process) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ok": process.ok,
        "peak_mib": round(process.peak_mib, 1),
        "limit_mib": process.limit.mib,
        "grows_because": process.limit.grows_because,
        "ended_by_itself": list(process.statuses),
    }
    if process.trend is not None:
        found |= {
            "slope_mib_per_h": round(process.trend.slope_mib_per_h, 2),
            "half_width_mib_per_h": round(process.trend.half_width_mib_per_h, 2),
            "allowed_mib_per_h": round(process.trend.allowed_mib_per_h, 2),
            "first_third_mib": round(process.trend.first_mib, 1),
            "last_third_mib": round(process.trend.last_mib, 1),
            "verdict": process.trend.verdict.value,
        }
    return found
