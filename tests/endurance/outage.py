"""A server is away for minutes under a steady load: memory of each process, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any, Literal

from sinks.reconcile import Check
from tests.endurance.limits import Limit, limit_of
from tests.endurance.memory import Span
from tests.endurance.settle import settle
from tests.endurance.stack import Stack
from tests.endurance.watch import Sight, Watch

Server = Literal["clickhouse", "broker"]

#: So long, to see what is usual.
_USUAL_S = 45.0
#: After the way back: what memory is like then.
_AFTER_S = 30.0
#: Longest that catching up may take, in times of the outage, and at least.
_CATCH_UP_TIMES, _CATCH_UP_S = 6.0, 600.0
#: All is as usual once nothing waits longer than this, or twice of what did before.
_WAITS_S = 5.0


@dataclass(frozen=True, slots=True)
class Process:
    """``statuses``: how it ended by itself, and was started again each time."""

    name: str
    span: Span
    limit: Limit
    statuses: tuple[int, ...]

    @property
    def ok(self) -> bool:
        return self.span.peak_mib < self.limit.mib


@dataclass(frozen=True, slots=True)
class Outcome:
    """``away_s`` as it was; ``waited_s``: how long the oldest message waited at most. From the
    server's return: ``first_rows_s`` until the first rows were in, ``catch_up_s`` until all was as
    before. ``rows_per_s``: what was inserted between the two, with the load going on."""

    of: Server
    away_s: float
    waited_s: float
    caught_up: bool
    first_rows_s: float
    catch_up_s: float
    rows_per_s: float
    events: int
    spool_full_s: float
    processes: list[Process] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return (
            self.caught_up
            and all(process.ok for process in self.processes)
            and all(check.ok for check in self.checks)
        )


def run(stack: Stack, of: Server, away_s: float) -> Outcome:
    """The whole run. Raises ``RuntimeError`` where it does not come to its end."""
    watch = Watch(stack)
    watch.wait_until_all_flows()
    watch.stay("before", _USUAL_S)
    usual_s = median(seen.lag_s for seen in watch.of("before") if seen.lag_s is not None)
    gone_s = watch.now_s
    _go_away(stack, of)
    watch.stay("away", away_s)
    _come_back(stack, of)
    back_s = watch.now_s
    patience_s = max(_CATCH_UP_S, _CATCH_UP_TIMES * away_s)
    is_usual = _usual(max(_WAITS_S, 2 * usual_s))
    caught_up = watch.until("catching up", patience_s, is_usual)
    catch_up_s = watch.now_s - back_s
    first_rows_s = _first_rows_s(watch.of("catching up"))
    watch.stay("after", _AFTER_S)
    processes = dict(stack.running)
    checks, result = settle(watch)
    return Outcome(
        of,
        back_s - gone_s,
        max((seen.lag_s or 0.0 for seen in watch.of("catching up")), default=0.0),
        caught_up,
        first_rows_s,
        catch_up_s,
        _rows(watch.of("catching up")) / max(catch_up_s - first_rows_s, 1.0),
        result["events"],
        result["spool_full_s"],
        [
            Process(
                name,
                watch.samples.span(name, "before", "after"),
                limit_of(name),
                tuple(processes[name].statuses) if name in processes else (),
            )
            for name in watch.samples.taken
        ],
        checks,
    )


def as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "ok": outcome.ok,
        "of": outcome.of,
        "away_s": round(outcome.away_s, 1),
        "waited_s": round(outcome.waited_s, 1),
        "caught_up": outcome.caught_up,
        "first_rows_s": round(outcome.first_rows_s, 1),
        "catch_up_s": round(outcome.catch_up_s, 1),
        "rows_per_s": round(outcome.rows_per_s),
        "events": outcome.events,
        "spool_full_s": outcome.spool_full_s,
        "processes": {
            process.name: {
                "before_mib": round(process.span.before_mib, 1),
                "peak_mib": round(process.span.peak_mib, 1),
                "after_mib": round(process.span.after_mib, 1),
                "limit_mib": process.limit.mib,
                "ok": process.ok,
                "ended_by_itself": list(process.statuses),
            }
            for process in outcome.processes
        },
        "checks": {
            check.name: {"expected": check.expected, "found": check.found, "ok": check.ok}
            for check in outcome.checks
        },
    }


def _usual(most_s: float) -> Any:
    """Whether nothing waits longer than this, several times in a row: a process that has just
    started again says nothing of the partitions that it has not read yet."""
    in_a_row = 0

    def is_usual(seen: Sight) -> bool:
        nonlocal in_a_row
        in_a_row = in_a_row + 1 if seen.lag_s is not None and seen.lag_s <= most_s else 0
        return in_a_row >= 5

    return is_usual


def _rows(seen: list[Sight]) -> int:
    """Rows inserted, also where the loader began to count anew."""
    return sum(_more_rows(before, after) for before, after in pairwise(seen))


def _more_rows(before: Sight, after: Sight) -> int:
    return after.rows - before.rows if after.rows >= before.rows else after.rows


def _first_rows_s(seen: list[Sight]) -> float:
    """Seconds until some were inserted; all of them where none were."""
    for before, after in pairwise(seen):
        if _more_rows(before, after):
            return after.at_s - seen[0].at_s
    return seen[-1].at_s - seen[0].at_s


def _go_away(stack: Stack, of: Server) -> None:
    if of == "clickhouse":
        stack.away = True
        stack.clickhouse.kill()
    else:
        stack.broker.go_away()


def _come_back(stack: Stack, of: Server) -> None:
    if of == "clickhouse":
        stack.clickhouse.start()
        stack.away = False
    else:
        stack.broker.come_back()
