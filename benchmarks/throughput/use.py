"""What the processes of a stack have used between two moments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.processes import cpu_by_thread_s, cpu_s, peak_bytes
from benchmarks.throughput.outcome import Used
from deploy.stack import Stack

LOADER = "loader"
#: ClickHouse's threads that merge in the background.
_MERGES = "MergeMutate"
#: What a thread has used is known to a hundredth of a second.
_LEAST_S = 0.01


def pids_of(stack: Stack) -> dict[str, int]:
    """The processes by name. The loader, with the embedded ClickHouse, is this one."""
    return {**stack.pids, LOADER: os.getpid()}


@dataclass(frozen=True, slots=True)
class Use:
    """Since the start of each process: what it used, and each of its threads by name, in s."""

    processes: Mapping[str, Used]
    threads: Mapping[str, Mapping[str, float]] = field(repr=False)

    @staticmethod
    def now(stack: Stack) -> Use:
        pids = pids_of(stack)
        return Use(
            {name: Used(cpu_s(pid), peak_bytes(pid)) for name, pid in pids.items()},
            {name: cpu_by_thread_s(pid) for name, pid in pids.items()},
        )

    def since(self, before: Use) -> Use:
        """In between; a peak stays that since the start."""
        return Use(
            {
                name: Used(used.cpu_s - before.processes[name].cpu_s, used.peak_bytes)
                for name, used in self.processes.items()
            },
            {name: _less(each, before.threads[name]) for name, each in self.threads.items()},
        )


def merge_cpu_s(ended: Use, asked: Use, merged: Use) -> float:
    """Processor time of merges after ``ended``, in s: those in the background until everything was
    ``asked`` to be merged, and from then on all that ClickHouse's process used."""
    before_s, after_s = (each.threads[LOADER].get(_MERGES, 0.0) for each in (ended, asked))
    asked_s, merged_s = (each.processes[LOADER].cpu_s for each in (asked, merged))
    return after_s - before_s + merged_s - asked_s


def _less(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    spent = {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}
    return {name: round(seconds, 2) for name, seconds in spent.items() if seconds >= _LEAST_S}
