"""The workers of a run, one of which is killed or frozen now and then."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from deploy.process import end, spawn
from deploy.stack import environ_of
from events.settings import Settings
from tests.documents import ROOT


@dataclass(slots=True)
class Fleet:
    """``count`` workers, run as ``module``. Every ``restart_every_s`` one of them, by turns, is
    killed (as by ``kill -9``) and started again; every ``freeze_every_s`` one is stopped for
    ``freeze_s``, so that its partitions move, and goes on. 0: never."""

    settings: Settings
    folder: Path
    count: int
    restart_every_s: float = 0.0
    freeze_every_s: float = 0.0
    freeze_s: float = 0.0
    module: str = "glasshouse"
    restarted: int = 0
    frozen: int = 0
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _restart_at_s: float = 0.0
    _freeze_at_s: float = 0.0
    _asleep: tuple[subprocess.Popen[bytes], float] | None = None

    def __enter__(self) -> Fleet:
        self._running = [self._start() for _ in range(self.count)]
        now_s = time.monotonic()
        self._restart_at_s = now_s + self.restart_every_s
        self._freeze_at_s = now_s + self.freeze_every_s
        return self

    def __exit__(self, *_: object) -> None:
        self.wake()
        for worker in self._running:
            end(worker)

    @property
    def log_file(self) -> Path:
        return self.folder / "workers.log"

    def check(self) -> None:
        """Fails if a worker has ended by itself."""
        for worker in self._running:
            assert worker.poll() is None, f"a worker has ended: {self.log_file.read_text()[-2000:]}"

    def trouble(self) -> None:
        """Kill, freeze or wake whom it is time for; to be called many times a second."""
        now_s = time.monotonic()
        if self._asleep:
            if now_s >= self._asleep[1]:
                self.wake()
            return
        if self.restart_every_s and now_s >= self._restart_at_s:
            self._restart_at_s = now_s + self.restart_every_s
            self._running[0].kill()
            self._running[0].wait()
            self._running = [*self._running[1:], self._start()]
            self.restarted += 1
        elif self.freeze_every_s and now_s >= self._freeze_at_s:
            self._freeze_at_s = now_s + self.freeze_every_s + self.freeze_s
            self._running[0].send_signal(signal.SIGSTOP)
            self._asleep = self._running[0], now_s + self.freeze_s
            self._running = [*self._running[1:], self._running[0]]
            self.frozen += 1

    def wake(self) -> None:
        """Have the one that is stopped go on, if there is one."""
        if self._asleep:
            self._asleep[0].send_signal(signal.SIGCONT)
            self._asleep = None

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", self.module, "worker"]
        environ = {**environ_of(self.settings), "PYTHONPATH": str(ROOT)}
        return spawn(command, self.log_file, environ)
