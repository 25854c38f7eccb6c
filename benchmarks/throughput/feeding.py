"""Starts the process that sends the workload, and hears what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchmarks.throughput.feed import READY
from deploy.process import die_with_parent
from deploy.stack import environ_of
from events.settings import Settings


@dataclass(frozen=True, slots=True)
class Sent:
    """``began_ns`` and ``ended_ns`` of the monotonic clock, which all processes share. ``ends``: by
    partition the offset after the last message."""

    began_ns: int
    ended_ns: int
    ends: Mapping[int, int]
    wire_bytes: int
    cpu_s: float


@dataclass(slots=True)
class Feeding:
    """A producer that is ready and waits."""

    process: subprocess.Popen[str]

    def go(self) -> None:
        """Begin now."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def sent(self) -> Sent:
        """Wait until Kafka has everything. ``RuntimeError`` where that failed."""
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        if not said:
            raise RuntimeError(f"the producer ended with status {self.process.wait()}")
        told: dict[str, Any] = json.loads(said)
        told["ends"] = {int(partition): end for partition, end in told["ends"].items()}
        return Sent(**told)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


@contextmanager
def feeding(folder: Path, settings: Settings, events_per_s: float | None) -> Iterator[Feeding]:
    """A producer of what is prepared in ``folder``, for the Kafka of ``settings``."""
    command = [sys.executable, "-m", "benchmarks.throughput.feed", str(folder)]
    process = subprocess.Popen(
        command if events_per_s is None else [*command, str(events_per_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ_of(settings)},
        preexec_fn=die_with_parent,  # noqa: PLW1509
    )
    with Feeding(process) as feed:
        assert process.stdout is not None
        if process.stdout.readline().strip() != READY:
            raise RuntimeError("the producer did not start: its error is above")
        yield feed
