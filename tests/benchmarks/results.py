"""Results of runs that nobody made, with round figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.throughput.limit import Limit
from benchmarks.throughput.outcome import PRODUCER, Disk, Outcome, Used
from benchmarks.throughput.result import Result, Rival, Rivals

MIB = 2**20


def outcome(
    events_per_s: float = 500_000.0,
    *,
    events: int = 1_000_000,
    events_a_message: int = 250,
    workers: int = 2,
    worker_s: float = 2.0,
    **more: Any,
) -> Outcome:
    """``worker_s``: of each worker; the loader used 1 s, the broker a half of one."""
    own = {f"worker {n}": Used(worker_s, 100 * MIB) for n in range(1, workers + 1)}
    rest = {"loader": Used(1.0, 500 * MIB), "broker": Used(0.5, 50 * MIB), PRODUCER: Used(0.25, 0)}
    disk = Disk(events, 4, 3 * events, 2 * events)
    made = Outcome(
        title="made up",
        events=events,
        messages=events // events_a_message,
        workers=workers,
        seconds=events / events_per_s,
        produced_s=1.0,
        used={**own, **rest},
        threads={name: {"python": used.cpu_s} for name, used in own.items()},
        wire_bytes=4 * events,
        disk={"training.interactions": disk, "analytics.window_partials": disk},
        merge_cpu_s=0.5,
        checks=20,
    )
    return replace(made, **more)


def result(*speeds: float, machine_speed: float = 1.0) -> Result:
    """One in which ClickHouse alone takes a million rows a second and Quix Streams carries 50,000,
    on a machine that is so many times as fast."""
    rates = [speed * machine_speed for speed in speeds or (500_000.0,)]
    seconds = 1 / machine_speed
    return Result(
        title="made up",
        batch_events=256,
        short_events=25,
        machine={"cores": 2, "model": "none", "memory_gib": 4, "system": "Linux"},
        versions={"python": "3"},
        people=7,
        ours=[outcome(rate, worker_s=2.0 / machine_speed) for rate in rates],
        limits=[Limit(1_000_000, seconds, seconds, seconds, seconds / 2) for _ in rates],
        rivals=[
            Rivals("Quix Streams", "3", "the same", [Rival(50_000, seconds, 1.0) for _ in rates])
        ],
    )
