"""What Linux says of a process, and whether it can be watched."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.processes import cpu_by_thread_s, cpu_s, held_bytes, peak_bytes
from benchmarks.throughput import profile
from benchmarks.throughput.profile import profiled

ME = os.getpid()


def test_processor_time_is_that_of_all_threads() -> None:
    before_s = cpu_s(ME)
    until_s = time.process_time() + 0.2
    while time.process_time() < until_s:
        pass
    assert cpu_s(ME) - before_s >= 0.18
    threads = cpu_by_thread_s(ME)
    assert 0 < sum(threads.values()) <= cpu_s(ME) + 0.1


def test_a_peak_is_no_less_than_what_is_held_and_stays() -> None:
    held = held_bytes(ME)
    much = b"\1" * (held + 50_000_000)
    assert peak_bytes(ME) > held + 40_000_000
    del much
    assert peak_bytes(ME) > held + 40_000_000


def test_a_process_that_has_ended_has_no_figures() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        while Path(f"/proc/{ended.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)
        with pytest.raises(OSError, match="has ended"):
            held_bytes(ended.pid)
    with pytest.raises(OSError, match="No such file"):
        cpu_s(ended.pid)


def test_without_a_folder_nobody_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "pyspy", lambda: None)
    with profiled({"me": ME}, None):
        pass


def test_without_py_spy_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile, "pyspy", lambda: None)
    with pytest.raises(RuntimeError, match="make bench"), profiled({"me": ME}, tmp_path):
        pass


def test_a_watcher_that_cannot_watch_spoils_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "py-spy"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(profile, "pyspy", lambda: str(program))
    with (
        pytest.raises(RuntimeError, match="right to trace"),
        profiled({"me": ME}, tmp_path / "out"),
    ):
        time.sleep(0.2)
