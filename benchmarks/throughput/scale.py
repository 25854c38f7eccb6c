"""What would larger organisations need? Costs fitted to what was measured, and bounds that follow.

A process costs so much an event and so much a message: two runs in batches of different lengths
give both. A machine carries what its cores have time for, and workers what each has with its one
core:

    events/s = efficiency x min(cores / (all costs), workers / (a worker's cost))

The efficiency is what the main runs reached of that bound; with it the model foretells runs with
other numbers of workers and in short batches, which were measured too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.sizing import EVENTS_PER_S, PEAK, Size
from benchmarks.throughput.outcome import KINDS, PRODUCER, Outcome
from benchmarks.throughput.result import Result
from sinks.tables import interactions

EMPLOYEES = (1_000, 10_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds an event and a message."""

    event_s: float
    message_s: float

    def of_event(self, events_a_message: float) -> float:
        return self.event_s + self.message_s / events_a_message


@dataclass(frozen=True, slots=True)
class Model:
    """``costs`` by kind of process, the producer's among them. ``merge_s``: of an event, what
    merging its row takes after a run has ended. ``raw_bytes`` is of a message, by the lengths of
    batches that were measured."""

    costs: Mapping[str, Cost]
    merge_s: float
    cores: int
    efficiency: float
    raw_bytes: Mapping[float, float]
    row_bytes: float

    def events_per_s(self, workers: int, events_a_message: float) -> float:
        """Of this machine, which the producer is on too."""
        return self.efficiency * _bound(self.costs, self.cores, workers, events_a_message)

    def cores_of(self, events_per_s: float, events_a_message: float) -> float:
        """Cores that workers, loaders, brokers and ClickHouse are busy with, with all merges; the
        producers are other machines."""
        each = sum(self.costs[kind].of_event(events_a_message) for kind in KINDS)
        return events_per_s * (each + self.merge_s) / self.efficiency

    def worker_events_per_s(self, events_a_message: float) -> float:
        return self.efficiency / self.costs["worker"].of_event(events_a_message)


@dataclass(frozen=True, slots=True)
class Foretold:
    """``machines`` like the one that was measured, for the busiest minutes."""

    employees: int
    events_a_message: float
    peak_events_per_s: float
    cores: float
    machines: int
    size: Size


def fit(result: Result) -> Model | None:
    """None where there were no runs in short batches to tell events and messages apart."""
    if not (result.ours and result.short):
        return None
    long, short = _lengths(result.ours), _lengths(result.short)
    costs = {}
    for kind in (*KINDS, PRODUCER):
        of_long, of_short = (_cost(runs, kind) for runs in (result.ours, result.short))
        message_s = max(0.0, (of_short - of_long) / (1 / short - 1 / long))
        costs[kind] = Cost(max(0.0, of_long - message_s / long), message_s)
    cores = int(result.machine["cores"])
    bound = _bound(costs, cores, result.ours[0].workers, long)
    reached = median(each.events_per_s for each in result.ours)
    raw = {
        length: median(each.wire_bytes / each.messages for each in runs)
        for length, runs in ((long, result.ours), (short, result.short))
    }
    disks = [each.disk[interactions.TABLE] for each in result.ours]
    return Model(
        costs,
        median(each.merge_cpu_s / each.events for each in result.ours),
        cores,
        reached / bound,
        raw,
        median(each.bytes_merged / each.rows for each in disks),
    )


def foretell(model: Model, employees: Sequence[int] = EMPLOYEES) -> Iterator[Foretold]:
    """For each length of batches that was measured."""
    for length, raw_bytes in sorted(model.raw_bytes.items()):
        for number in employees:
            size = Size(
                number,
                batch_s=length / EVENTS_PER_S,
                worker_events_per_s=model.worker_events_per_s(length),
                raw_bytes_a_message=raw_bytes,
                training_bytes_a_row=model.row_bytes,
            )
            peak = size.events_per_s * PEAK
            cores = model.cores_of(peak, length)
            machines = max(1, -int(-cores // model.cores))
            yield Foretold(number, length, peak, cores, machines, size)


@dataclass(frozen=True, slots=True)
class Checked:
    """Runs of a kind, events/s as foretold and as measured. ``bound``: which of the two it was by,
    `cores` or `workers`. ``is_fitted``: the model was made of them, so it proves nothing that they
    agree."""

    workers: int
    events_a_message: float
    foretold: float
    measured: float
    bound: str
    is_fitted: bool


def checked(model: Model, result: Result) -> list[Checked]:
    """Whatever was measured with some number of workers, and lengths of batches."""
    long = {result.ours[0].workers: result.ours, **result.by_workers}
    short = {1: result.short_alone, result.ours[0].workers: result.short}
    return [
        _checked(model, runs, is_fitted=runs is result.ours)
        for kind in (long, short)
        for _, runs in sorted(kind.items())
        if runs
    ]


def _checked(model: Model, runs: Sequence[Outcome], *, is_fitted: bool) -> Checked:
    workers, length = runs[0].workers, _lengths(runs)
    bounds = _bounds(model.costs, model.cores, workers, length)
    return Checked(
        workers,
        length,
        model.events_per_s(workers, length),
        median(each.events_per_s for each in runs),
        min(bounds, key=bounds.__getitem__),
        is_fitted,
    )


def _bound(costs: Mapping[str, Cost], cores: int, workers: int, events_a_message: float) -> float:
    return min(_bounds(costs, cores, workers, events_a_message).values())


def _bounds(
    costs: Mapping[str, Cost], cores: int, workers: int, events_a_message: float
) -> dict[str, float]:
    """Events/s that each of the two has time for."""
    every = sum(cost.of_event(events_a_message) for cost in costs.values())
    of_workers = workers / costs["worker"].of_event(events_a_message)
    return {"cores": cores / every, "workers": of_workers}


def _cost(runs: Sequence[Outcome], kind: str) -> float:
    return median(each.cpu_of(kind) for each in runs) / 1e6


def _lengths(runs: Sequence[Outcome]) -> float:
    return runs[0].events / runs[0].messages
