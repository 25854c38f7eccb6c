"""Measures everything, a round after the other, so that what slows the machine for a while slows
all alike. Each measurement is a process of its own in a new folder, which is removed again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.peers.measure import Peer, peers
from benchmarks.throughput.broker_alone import BrokerAlone
from benchmarks.throughput.child import Unclear, measured
from benchmarks.throughput.limit import Limit
from benchmarks.throughput.machine import machine, versions
from benchmarks.throughput.outcome import KINDS, Outcome
from benchmarks.throughput.pieces import Piece, recorded, simulated
from benchmarks.throughput.prepared import Prepared, prepare
from benchmarks.throughput.profile import pyspy
from benchmarks.throughput.result import Result, Rival, Rivals
from benchmarks.throughput.stages import by_stage
from benchmarks.throughput.workload import Workload, yesterday_ms
from events.clock import SystemClock

#: Without recordings: so many events are simulated, and copied as recordings are.
_SIMULATED_EVENTS = 1_000_000
#: Rows may come twice in one run, which is right but spoils its time; in three it is no chance.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """``events`` of the main runs, ``small_events`` and ``large_events`` to see how cost grows,
    ``short_events`` in batches of ``short_batch``. 0: not measured."""

    recordings: Path | None
    keep: Path
    events: int = 20_000_000
    batch_events: int = 256
    workers: int = 2
    runs: int = 5
    other_workers: Sequence[int] = (1, 4)
    small_events: int = 1_000_000
    large_events: int = 100_000_000
    large_runs: int = 1
    short_events: int = 2_000_000
    short_batch: int = 25
    fresh_events: int = 10_000_000
    with_peers: bool = True
    with_profile: bool = True
    settings: Sequence[str] = ()

    @staticmethod
    def quick(recordings: Path | None, keep: Path, settings: Sequence[str] = ()) -> Plan:
        """Under two minutes on two cores: one run of the most important."""
        return Plan(
            recordings,
            keep,
            events=2_000_000,
            runs=1,
            other_workers=(),
            small_events=0,
            large_events=0,
            short_events=0,
            fresh_events=500_000,
            with_peers=False,
            with_profile=False,
            settings=settings,
        )


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    run: Callable[[], None]


@dataclass(slots=True)
class Bench:
    """``prepare`` it, then run its ``steps`` in their order; ``result`` is whole after the last."""

    plan: Plan
    result: Result = field(init=False)
    _pieces: list[Piece] = field(default_factory=list, repr=False)
    _first_ms: int = 0

    def __post_init__(self) -> None:
        plan = self.plan
        self._first_ms = yesterday_ms(SystemClock().now_ms())
        self.result = Result(
            title="recorded events" if plan.recordings else "SIMULATED events",
            batch_events=plan.batch_events,
            short_events=plan.short_batch,
            machine=machine(),
            versions=versions(),
            settings=list(plan.settings),
        )

    def steps(self) -> Iterator[Step]:
        """All steps, each of which has its place in a round."""
        plan, result = self.plan, self.result
        yield Step("the workload is prepared", self._prepare)
        every = peers() if plan.with_peers else ()
        result.rivals = [Rivals(peer.name, peer.version, peer.doing, []) for peer in every]
        for _ in range(plan.large_runs if plan.large_events else 0):
            yield Step(f"{plan.large_events:,} events", self._large)
        for number in range(1, plan.runs + 1 if plan.small_events else 1):
            yield Step(f"{plan.small_events:,} events, {number} of {plan.runs}", self._small)
        for number in range(1, plan.runs + 1):
            yield from self._round(f"round {number} of {plan.runs}", every)
        if plan.with_profile:
            yield Step("where the time goes", self._profile)

    def _round(self, name: str, every: Sequence[Peer]) -> Iterator[Step]:
        plan, result = self.plan, self.result
        yield Step(f"{name}: from end to end", self._main)
        yield Step(f"{name}: ClickHouse alone", self._limit)
        yield Step(f"{name}: the broker alone", self._broker)
        for peer, rivals in zip(every, result.rivals, strict=True):
            yield Step(f"{name}: {peer.name}", partial(self._rival, peer, rivals))
        yield Step(f"{name}: a cold start", self._cold)
        if plan.fresh_events:
            yield Step(f"{name}: freshness at half load", self._fresh)
        for workers in plan.other_workers:
            runs = result.by_workers.setdefault(workers, [])
            yield Step(f"{name}: workers: {workers}", partial(self._with_workers, workers, runs))
        if plan.short_events:
            yield Step(f"{name}: short batches", self._short)
            yield Step(f"{name}: short batches, one worker", self._short_alone)

    def _prepare(self) -> None:
        folder = self.plan.recordings
        self._pieces = recorded(folder) if folder else simulated(_SIMULATED_EVENTS)
        self.result.people = self._prepared("main").expected.people

    def _prepared(self, name: str) -> Prepared:
        plan = self.plan
        events, batch_events = {
            "main": (plan.events, plan.batch_events),
            "fresh": (plan.fresh_events, plan.batch_events),
            "small": (plan.small_events, plan.batch_events),
            "large": (plan.large_events, plan.batch_events),
            "short": (plan.short_events, plan.short_batch),
            "first": (1, plan.batch_events),
        }[name]
        title, first_ms = self.result.title, self._first_ms
        workload = Workload.of(title, self._pieces, events, batch_events, first_ms)
        return prepare(workload, plan.keep / name)

    def _once(self, name: str, *options: object, workers: int = 0) -> Outcome:
        folder = self._prepared(name).folder
        flags: list[object] = ["--workers", workers or self.plan.workers]
        return Outcome.from_json(self._measured("once", folder, *flags, *options, *self._settings))

    @property
    def _settings(self) -> list[str]:
        return [word for each in self.plan.settings for word in ("--setting", each)]

    def _measured(self, module: str, folder: Path, *options: object) -> dict[str, object]:
        """What a measurement told, in a folder of its own; one that cannot tell is repeated."""
        work_dir = self.plan.keep / "run"
        for left in reversed(range(_TRIES)):
            shutil.rmtree(work_dir, ignore_errors=True)
            try:
                told = measured(module, folder, work_dir, *options)
            except Unclear as error:
                if not left:
                    raise
                self.result.repeated.append(f"{module} {folder.name}: {error}")
                continue
            shutil.rmtree(work_dir)
            return told
        raise AssertionError("the last try tells or raises")

    def _main(self) -> None:
        self.result.ours.append(self._once("main", "--ask"))

    def _small(self) -> None:
        self.result.small.append(self._once("small"))

    def _short(self) -> None:
        self.result.short.append(self._once("short"))

    def _short_alone(self) -> None:
        self.result.short_alone.append(self._once("short", workers=1))

    def _with_workers(self, workers: int, runs: list[Outcome]) -> None:
        runs.append(self._once("main", workers=workers))

    def _limit(self) -> None:
        told = self._measured("limit", self._prepared("main").folder, *self._settings)
        self.result.limits.append(Limit.from_json(told))

    def _broker(self) -> None:
        told = self._measured("broker_alone", self._prepared("main").folder)
        self.result.brokers.append(BrokerAlone.from_json(told))

    def _cold(self) -> None:
        folder = self._prepared("first").folder
        told = self._measured("cold", folder, time.monotonic_ns(), *self._settings)
        self.result.cold_s.append(float(str(told["seconds"])))

    def _fresh(self) -> None:
        half = median(each.events_per_s for each in self.result.ours) / 2
        self.result.fresh.append(self._once("fresh", "--events-per-s", half))

    def _large(self) -> None:
        self.result.large.append(self._once("large", "--ask"))

    def _rival(self, peer: Peer, rivals: Rivals) -> None:
        """A run whose result is wrong is repeated: a peer may count what came twice. If it stays
        wrong, that is an error: there is nothing to compare with."""
        events = min(peer.usual_events, self.plan.events)
        work_dir = self.plan.keep / "peer"
        for _ in range(_TRIES):
            shutil.rmtree(work_dir, ignore_errors=True)
            work_dir.mkdir(parents=True)
            run = peer.run(self.plan.recordings, events, work_dir)
            if run.checked:
                rivals.runs.append(Rival(run.events, run.seconds, run.cpu_s))
                shutil.rmtree(work_dir)
                return
            self.result.repeated.append(f"{peer.name}: its result was wrong")
        raise RuntimeError(f"what {peer.name} made is wrong, so no time is told of it")

    def _profile(self) -> None:
        if pyspy() is None:
            raise RuntimeError("py-spy is not installed: run it as `make bench`")
        folder = self.plan.keep / "profile"
        outcome = self._once("main", "--profile", folder)
        stacks = {
            kind: (folder / f"{name}.folded").read_text(encoding="utf-8").splitlines()
            for kind, name in (("worker", "worker 1"), ("loader", "loader"))
        }
        used = {kind: median(each.cpu_of(kind) for each in self.result.ours) for kind in KINDS}
        self.result.stages = by_stage(outcome, stacks, used)
