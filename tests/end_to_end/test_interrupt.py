"""Ctrl-C on the demo: at any moment it ends cleanly, and leaves a data directory to go on with."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.stack import DEADLINE_S, environ, glasshouse, wait_until

pytestmark = pytest.mark.service

_INTERRUPTED = 130
#: Small inserts, so that loading takes a while.
_SLOW_LOADER = {"insert_rows": 1_000, "insert_age_ms": 10}
_EVENTS = 200_000


@dataclass(slots=True)
class RunningDemo:
    """A demo that is under way; ``log`` has what it says."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_for(self, words: str) -> None:
        wait_until(lambda: words in self.log.read_text(), f"the demo says: {words}")

    def children(self) -> list[Path]:
        """Broker and workers, as entries of /proc."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = entry.read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue  # it has just ended
            if int(parent) == self.process.pid:
                found.append(entry.parent)
        return found

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> str:
        """Wait until it has ended, which must be as Ctrl-C should; what it said."""
        assert self.process.wait(DEADLINE_S) == _INTERRUPTED
        said = self.log.read_text()
        assert "Traceback" not in said
        assert "Error" not in said
        return said


@contextmanager
def running_demo(folder: Path) -> Iterator[RunningDemo]:
    """A demo whose data directory is ``folder/data``."""
    log = folder / "said"
    command = ["demo", "--events", str(_EVENTS), "--employees", "40", "--data-dir", "data"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "glasshouse", *command],
            stdout=file,
            stderr=file,
            cwd=folder,
            env=environ(**_SLOW_LOADER),
            start_new_session=True,
        )
    try:
        yield RunningDemo(process, log)
    finally:
        process.kill()
        process.wait()


def test_before_anything_was_sent_it_just_ends(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        demo.wait_for("embedded broker at")
        demo.interrupt()
        demo.end()
        assert not demo.children()


def test_the_directory_serves_again_and_only_a_second_one_leaves_anything_behind(
    tmp_path: Path,
) -> None:
    with running_demo(tmp_path) as demo:
        demo.wait_for("events published")
        children = demo.children()
        assert len(children) == 2
        demo.interrupt()
        assert "stopped by Ctrl-C: what was sent is in the tables and accounted" in demo.end()
        assert not [child for child in children if child.exists()]
    done = glasshouse("reconcile", "--data-dir", "data", folder=tmp_path)
    assert done.returncode == 0, done.stdout
    with running_demo(tmp_path) as again:
        again.wait_for("events published")
        children = again.children()
        again.interrupt()
        again.wait_for("Ctrl-C again stops at once")
        again.interrupt()
        assert "stopped by Ctrl-C" not in again.end()
        assert not [child for child in children if child.exists()]
