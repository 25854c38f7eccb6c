"""The targets, what was measured for each, and whether it was met or how far it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.throughput.outcome import Outcome
from benchmarks.throughput.pieces import PIECE_EVENTS
from benchmarks.throughput.questions import ONE_PERSON, TEAM_HOURS
from benchmarks.throughput.result import Result
from benchmarks.throughput.spread import Spread
from sinks.tables import interactions

_MIB = 2**20
_BILLION = 1e9


@dataclass(frozen=True, slots=True)
class Target:
    """``values`` of a result: one for each run, none where it was not measured. ``most``: the
    target is a limit; otherwise it is to be reached."""

    name: str
    wanted: float
    unit: str
    values: Callable[[Result], Sequence[float]]
    most: bool = True

    def spread(self, result: Result) -> Spread | None:
        found = [value for value in self.values(result) if math.isfinite(value)]
        return Spread.of(found) if found else None

    def verdict(self, result: Result) -> str:
        """Judged by the median."""
        found = self.spread(result)
        if found is None:
            return "not measured"
        share = found.middle / self.wanted
        if share <= 1 if self.most else share >= 1:
            return "met"
        return f"not met: {share:.2f} times it"


Values = Callable[[Result], Sequence[float]]


def _each(pick: Callable[[Result], Sequence[Outcome]], of: Callable[[Outcome], float]) -> Values:
    return lambda result: [of(outcome) for outcome in pick(result)]


def ours(result: Result) -> Sequence[Outcome]:
    return result.ours


def targets() -> Iterator[Target]:
    """All of them. They are for two cores."""
    yield Target("end to end", 1e6, "events/s", _each(ours, lambda o: o.events_per_s), most=False)
    yield Target("CPU, workers + loader + broker", 2.0, "s/M events", _each(ours, cpu))
    yield Target("CPU, all merges that come later too", 2.0, "s/M events", _each(ours, merged_cpu))
    yield Target("raw topic", 3.0, "bytes/event", _each(ours, lambda o: o.wire_bytes / o.events))
    yield Target("training table", 5.0, "bytes/row", _each(ours, row_bytes))
    yield Target("over Quix Streams", 15.0, "times", _over("quix"), most=False)
    yield Target("over plain Faust", 150.0, "times", _over("faust"), most=False)
    yield Target("share of ClickHouse's limit", 0.6, "", share_of_limit, most=False)
    yield Target("freshness at half load, p50", 1_500.0, "ms", _fresh("p50"))
    yield Target("freshness at half load, p99", 4_000.0, "ms", _fresh("p99"))
    yield Target("CPU an event, many over few events", 1.05, "times", growth)
    yield Target("worker's memory", 400.0, "MiB", _each(ours, lambda o: o.peak_of("worker") / _MIB))
    yield Target(
        "loader's memory, ClickHouse in it",
        1_024.0,
        "MiB",
        _each(ours, lambda o: o.peak_of("loader") / _MIB),
    )
    yield Target("first row after a cold start", 8.0, "s", lambda result: result.cold_s)
    yield Target("team-hour view, large run", 200.0, "ms", _answer(TEAM_HOURS))
    name = f"one person's rows (at most {PIECE_EVENTS:,}) in 1 billion, EXTRAPOLATED"
    yield Target(name, 100.0, "ms", one_person)


def cpu(outcome: Outcome) -> float:
    return outcome.cpu_s_a_million


def merged_cpu(outcome: Outcome) -> float:
    return outcome.merged_cpu_s_a_million


def row_bytes(outcome: Outcome) -> float:
    """Of the table when the last row came: merging all of it makes it no larger."""
    disk = outcome.disk[interactions.TABLE]
    return disk.bytes_left / disk.rows


def share_of_limit(result: Result) -> Sequence[float]:
    """Round by round, since both were measured one after the other."""
    pairs = zip(result.ours, result.limits, strict=False)
    return [our.events_per_s / limit.events_per_s for our, limit in pairs]


def growth(result: Result) -> Sequence[float]:
    """Of the large runs, over each of the small ones that were measured beside them."""
    if not result.large:
        return ()
    many = Spread.of(each.cpu_s_a_million for each in result.large).middle
    return [many / each.cpu_s_a_million for each in result.small]


def one_person(result: Result) -> Sequence[float]:
    """Up to a billion rows the time grows with the same power of the rows as it did from each of
    the main runs to the large one; it is never taken to fall."""
    found = []
    for large in _asked(result.large):
        for ours in _asked(result.ours):
            (few, few_ms), (many, many_ms) = _one_person(ours), _one_person(large)
            if many > few:
                power = max(0.0, math.log(many_ms / few_ms) / math.log(many / few))
                found.append(many_ms * (_BILLION / many) ** power)
    return found


def _asked(runs: Sequence[Outcome]) -> list[Outcome]:
    return [each for each in runs if ONE_PERSON in each.answers_ms]


def _one_person(outcome: Outcome) -> tuple[int, float]:
    """Rows of the table, and the wait for those of one person, in ms."""
    return outcome.disk[interactions.TABLE].rows, outcome.answers_ms[ONE_PERSON]


def over(result: Result, name: str) -> Sequence[float]:
    """Our events/s over those of the peer whose name has ``name`` in it, round by round."""
    for rivals in result.rivals:
        if name in rivals.name.lower():
            pairs = zip(result.ours, rivals.runs, strict=False)
            return [our.events_per_s / run.events_per_s for our, run in pairs]
    return ()


def _over(name: str) -> Values:
    return lambda result: over(result, name)


def _fresh(name: str) -> Values:
    return lambda result: [each.freshness_ms[name] for each in result.fresh]


def _answer(name: str) -> Values:
    return lambda result: [
        each.answers_ms[name] for each in result.large if name in each.answers_ms
    ]
