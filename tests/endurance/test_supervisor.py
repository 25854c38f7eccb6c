"""A process that ends is started again; samples are of what runs."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.stack import wait_until
from tests.endurance.limits import limit_of
from tests.endurance.memory import Samples, rss_mib
from tests.endurance.supervisor import Supervised


def running(folder: Path, program: str) -> Supervised:
    process = Supervised("it", [sys.executable, "-c", program], folder / "log")
    process.start()
    return process


def test_a_process_that_ends_is_started_again_after_a_wait_that_doubles(tmp_path: Path) -> None:
    process = running(tmp_path, "raise SystemExit(3)")
    starts: list[float] = []

    def ended_four_times() -> bool:
        process.tick()
        if len(process.statuses) > len(starts):
            starts.append(time.monotonic())
        return len(starts) >= 4

    wait_until(ended_four_times, "it ends four times", 30)
    process.end()
    assert process.statuses[:4] == [3, 3, 3, 3]
    assert starts[3] - starts[2] > 0.4, "twice 0.1 s, twice over"


def test_a_process_that_runs_is_left_alone_and_can_be_ended(tmp_path: Path) -> None:
    process = running(tmp_path, "import time; time.sleep(60)")
    before = process.pid
    process.tick()
    assert process.pid == before is not None
    assert process.end() == -15
    assert process.statuses == []
    assert process.pid is None


def test_memory_that_a_process_takes_is_seen(tmp_path: Path) -> None:
    process = running(tmp_path, "import time; kept = b'x' * 200_000_000; time.sleep(60)")
    samples = Samples()
    samples.take("before", 0.0, {"me": os.getpid()})
    pid = process.pid
    assert pid is not None
    wait_until(lambda: (rss_mib(pid) or 0) > 190, "it has taken 190 MiB", 20)
    samples.take("after", 1.0, {"me": os.getpid(), "it": pid})
    process.end()
    samples.take("after", 2.0, {"it": pid})
    assert len(samples.of("it")) == 1, "what has ended takes nothing"
    assert len(samples.of("me", "after")) == 1
    assert samples.span("me", "before", "after").peak_mib > 20
    with pytest.raises(ValueError, match="it was never seen in the phase before"):
        samples.span("it", "before", "after")


def test_a_second_worker_has_the_limit_of_a_worker() -> None:
    assert limit_of("worker 2") == limit_of("worker")
    with pytest.raises(KeyError):
        limit_of("nobody")
