"""One process of a fuzzing run: makes inputs, runs them, and watches time and memory of each.

What it is at stands in a file that it shares with its parent, so that the input which ends the
process, or never ends, is known."""

from __future__ import annotations

import mmap
import os
import resource
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from benchmarks.processes import held_bytes
from tests.fuzz.mutate import MOST_BYTES
from tests.fuzz.targets import NAMES, TARGETS, quiet

#: Of the processor's time: that of a clock is no fault of the input on a busy machine.
MOST_S = 1.0
#: What all inputs together may add to the memory of a process that has read every seed.
MOST_BYTES_MORE = 256 * 1_048_576
#: Longest an input may stand in the shared file.
HANG_S = 60.0
_ROOM_BYTES = 1_048_576 + MOST_BYTES
_HEAD = struct.Struct("<QQQ")  # inputs begun, place of the target, bytes of the input
_LOOK_INPUTS = 500
#: Of each target, before memory is measured.
_WARM_INPUTS = 50


@dataclass(slots=True)
class Found:
    """What an input did that none may do."""

    target: str
    fault: str
    data: bytes = field(repr=False)


@dataclass(slots=True)
class Report:
    """Of one target: outcomes by name, the slowest input in seconds, the memory held after so many
    inputs."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest_s: float = 0.0
    held: list[tuple[int, int]] = field(default_factory=list)
    slopes: list[float] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)


class Shared:
    """The file that says what a process is at."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_HEAD.size + _ROOM_BYTES))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def begin(self, count: int, target: str, data: bytes) -> None:
        self._map[_HEAD.size : _HEAD.size + len(data[:_ROOM_BYTES])] = data[:_ROOM_BYTES]
        self._map[: _HEAD.size] = _HEAD.pack(count, NAMES.index(target), len(data))

    def now(self) -> tuple[int, str, bytes]:
        """Inputs begun, and the target and bytes of the last one."""
        count, place, size = _HEAD.unpack_from(self._map)
        return count, NAMES[place], bytes(self._map[_HEAD.size : _HEAD.size + size])


def fuzz(
    inputs: dict[str, int],
    seed: int,
    shared: Shared,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, Report]:
    """Run so many ``inputs`` of each target, by turns. The same seed makes the same inputs."""
    quiet()
    reports = {name: Report() for name in inputs}
    turns = {name: Random(f"{seed} {name}") for name in inputs}
    for name, random in turns.items():  # what is loaded or remembered once is no leak
        for _ in range(_WARM_INPUTS):
            _run(name, TARGETS[name].make(random), Report())
    before = peak_bytes_of_self()
    for count, name in enumerate(_by_turns(inputs)):
        if stopped():
            break
        data, report = TARGETS[name].make(turns[name]), reports[name]
        shared.begin(count, name, data)
        _run(name, data, report)
        if count % _LOOK_INPUTS == 0:
            report.held.append((count, held_bytes_of_self()))
        grown = peak_bytes_of_self() - before
        if grown > MOST_BYTES_MORE:
            report.found.append(Found(name, f"{grown >> 20} MiB more memory", data))
            before += grown
    return reports


def _by_turns(inputs: dict[str, int]) -> Iterator[str]:
    """Each name as often as it says, spread over the whole run."""
    most = max(inputs.values(), default=0)
    for turn in range(most):
        for name, count in inputs.items():
            if (turn + 1) * count // most > turn * count // most:
                yield name


def _run(name: str, data: bytes, report: Report) -> None:
    started_s = time.process_time()
    try:
        outcome = TARGETS[name].run(data)
    except Exception as error:
        outcome = "FAULT"
        report.found.append(Found(name, f"{type(error).__name__}: {error}"[:300], data))
    took_s = time.process_time() - started_s
    report.outcomes[outcome] += 1
    report.seconds += took_s
    report.slowest_s = max(report.slowest_s, took_s)
    if took_s > MOST_S:
        report.found.append(Found(name, f"took {took_s:.1f} s", data))


def peak_bytes_of_self() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024


def held_bytes_of_self() -> int:
    return held_bytes(os.getpid())
