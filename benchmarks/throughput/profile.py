"""Watches Python processes with py-spy, which is installed apart (``requirements.lock``)."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

#: Samples a second: enough to tell a percent within a minute, and little to pay.
_RATE_PER_S = 100
_WRITES_S = 60.0


def pyspy() -> str | None:
    """Where it is: beside this Python, or on the path; None where it is not installed."""
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if beside.exists() else shutil.which("py-spy")


@contextmanager
def profiled(pids: Mapping[str, int], folder: Path | None) -> Iterator[None]:
    """Meanwhile, count on which stacks the processes are found working: FOLDER/NAME.folded. Nothing
    where ``folder`` is None. ``RuntimeError`` where py-spy is missing or cannot watch."""
    if folder is None:
        yield
        return
    program = pyspy()
    if program is None:
        raise RuntimeError("py-spy is not installed: run it as `make bench`")
    folder.mkdir(parents=True, exist_ok=True)
    watching = [_watch(program, pid, folder / f"{name}.folded") for name, pid in pids.items()]
    try:
        yield
    finally:
        for each in watching:
            each.send_signal(signal.SIGINT)
        ends = [each.wait(_WRITES_S) for each in watching]
    if any(ends):
        raise RuntimeError("py-spy could not watch: it needs the right to trace processes")


def _watch(program: str, pid: int, file: Path) -> subprocess.Popen[bytes]:
    command = [program, "record", "--pid", str(pid), "--rate", str(_RATE_PER_S)]
    command += ["--duration", "unlimited", "--format", "raw", "--output", str(file)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
