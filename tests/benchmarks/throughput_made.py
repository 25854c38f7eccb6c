"""A small workload of made-up recordings."""

from __future__ import annotations

from pathlib import Path

from benchmarks.throughput.pieces import recorded
from benchmarks.throughput.workload import Workload, yesterday_ms
from events.clock import SystemClock
from tests.benchmarks.made import write_recordings


def small_workload(folder: Path, events: int = 12_000, batch_events: int = 64) -> Workload:
    """Two people's recordings, in two copies or more."""
    pieces = recorded(write_recordings(folder, [600.0, 900.0], sessions=2, actions=20))
    first_ms = yesterday_ms(SystemClock().now_ms())
    return Workload.of("made up", pieces, events, batch_events, first_ms)
