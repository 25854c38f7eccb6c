"""Ctrl-C on the demo: at any moment it ends cleanly, and leaves a data directory to go on with."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.stack import DEADLINE_S, environ, glasshouse, wait_until

pytestmark = pytest.mark.service

_INTERRUPTED = 130
#: Small inserts, so that loading takes a while.
_SLOW_LOADER = {"insert_rows": 1_000, "insert_age_ms": 10}
_EVENTS = 400_000


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

    def end(self) -> str:
        """Wait until it has ended, which must be as Ctrl-C should; what it said."""
        assert self.process.wait(DEADLINE_S) == _INTERRUPTED
        said = self.log.read_text()
        assert "Traceback" not in said
        assert "Error" not in said
        return said


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[RunningDemo]:
    log = tmp_path / "said"
    command = ["demo", "--events", str(_EVENTS), "--employees", "40", "--data-dir", "data"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "glasshouse", *command],
            stdout=file,
            stderr=file,
            cwd=tmp_path,
            env=environ(**_SLOW_LOADER),
            start_new_session=True,
        )
    yield RunningDemo(process, log)
    process.kill()
    process.wait()


def test_what_was_sent_is_in_the_tables_and_the_directory_serves_again(
    demo: RunningDemo, tmp_path: Path
) -> None:
    demo.wait_for("events published")
    children = demo.children()
    assert len(children) == 2
    demo.process.send_signal(signal.SIGINT)
    assert "stopped by Ctrl-C: what was sent is in the tables and accounted for" in demo.end()
    assert not [child for child in children if child.exists()]
    for command in (("reconcile",), ("demo", "--events", "2000", "--employees", "30", "--json")):
        done = glasshouse(*command, "--data-dir", "data", folder=tmp_path)
        assert done.returncode == 0, done.stderr + done.stdout


def test_a_second_one_ends_it_at_once(demo: RunningDemo) -> None:
    demo.wait_for("events published")
    children = demo.children()
    demo.process.send_signal(signal.SIGINT)
    demo.wait_for("Ctrl-C again stops at once")
    demo.process.send_signal(signal.SIGINT)
    said = demo.end()
    assert "what was sent is in the tables" not in said.replace("once what was sent", "")
    assert not [child for child in children if child.exists()]


def test_before_anything_was_sent_it_just_ends(demo: RunningDemo) -> None:
    demo.wait_for("embedded broker at")
    demo.process.send_signal(signal.SIGINT)
    demo.end()
    assert not demo.children()
