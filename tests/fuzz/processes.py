"""Fuzzing in processes of their own: one that crashes, or never ends, is a finding."""

from __future__ import annotations

import multiprocessing
import resource
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.fuzzing import HANG_S, Found, Report, Shared, fuzz

_SPAWN = multiprocessing.get_context("spawn")
_LOOK_S = 0.25
#: Of addresses, which costs no memory: numpy and Arrow take many. What asks for more is a fault.
_ADDRESSES_BYTES = 8 * 2**30


class Run:
    """One process, from its start."""

    def __init__(self, inputs: Mapping[str, int], seed: int, folder: Path) -> None:
        file = folder / f"{seed}.now"
        self._shared = Shared(file)
        self._answers, theirs = _SPAWN.Pipe(duplex=False)
        self._process = _SPAWN.Process(
            target=_work, args=(dict(inputs), seed, file, theirs), daemon=True
        )
        self._process.start()
        theirs.close()
        self.found: list[Found] = []
        self.reports: dict[str, Report] = {}
        self.done = 0
        self._moved_s = time.monotonic()

    def look(self) -> bool:
        """Whether it still works. One that has died, or stands still, is a finding."""
        done, target, data = self._shared.now()
        now_s = time.monotonic()
        if done != self.done:
            self.done, self._moved_s = done, now_s
        if self._answers.poll():
            try:
                self.reports = self._answers.recv()
            except EOFError:
                self._process.join()
                self.found.append(Found(target, f"process ended: {self._process.exitcode}", data))
            return False
        if now_s - self._moved_s > HANG_S and self.done:
            self._process.kill()
            self.found.append(Found(target, f"no end in {HANG_S:g} s", data))
            return False
        return True

    def stop(self) -> None:
        """Ask it to end after the input it is at."""
        self._process.terminate()


def watch(
    runs: Sequence[Run],
    on_done: Callable[[int], None] = lambda inputs: None,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Wait for all of them. ``on_done`` is told how many inputs were begun so far."""
    working, asked = list(runs), False
    while working:
        time.sleep(_LOOK_S)
        working = [run for run in working if run.look()]
        on_done(sum(run.done for run in runs))
        if stopped() and not asked:
            asked = True
            for run in working:
                run.stop()


def _work(inputs: dict[str, int], seed: int, file: Path, answers: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to every process of a terminal
    ends: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: ends.append(number))
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES_BYTES, _ADDRESSES_BYTES))
    answers.send(fuzz(inputs, seed, Shared(file), lambda: bool(ends)))
