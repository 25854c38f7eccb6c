"""Ctrl-C ends a benchmark at once, with all that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.made import write_recordings
from tests.documents import ROOT
from tests.end_to_end.stack import wait_until

pytestmark = pytest.mark.service


def test_ctrl_c_leaves_nothing_running_and_says_where_the_figures_are(tmp_path: Path) -> None:
    recordings = write_recordings(tmp_path / "made", [700.0], sessions=1, actions=10)
    keep = tmp_path / "keep"
    own = ["--events", "3000", "--runs", "1", "--keep", str(keep), "--no-peers", "--no-profile"]
    bench = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.throughput", str(recordings), *own],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=_as_on_a_terminal,  # noqa: PLW1509 (it starts no thread)
    )
    broker_log = keep / "run" / "logs" / "broker.log"
    wait_until(broker_log.exists, "a run has begun")
    started = _descendants(bench.pid)
    assert len(started) > 1
    os.killpg(bench.pid, signal.SIGINT)
    _, said = bench.communicate(timeout=60)
    assert bench.returncode == 130
    assert f"stopped; what was measured is in {keep}" in said.replace("\n", "")
    wait_until(lambda: not any(map(_runs, started)), "all of it has ended", 30)


def _as_on_a_terminal() -> None:
    """Where the tests run in the background of a shell, Ctrl-C is ignored, which is inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _descendants(pid: int) -> list[int]:
    """Of a process, itself left out."""
    time.sleep(0.5)  # what has just been started has its own children soon
    found, left = [], [pid]
    while left:
        for task in Path(f"/proc/{left.pop()}/task").iterdir():
            children = [int(child) for child in (task / "children").read_text().split()]
            found += children
            left += children
    return found


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
