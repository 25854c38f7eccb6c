"""A process that is started again when it ends, as Docker does with ``restart: unless-stopped``."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.process import end, spawn

#: Docker waits 0.1 s, then twice as long each time, up to a minute; and begins anew with a process
#: that ran for ten seconds.
_FIRST_WAIT_S, _LONGEST_WAIT_S, _RAN_WELL_S = 0.1, 60.0, 10.0


@dataclass(slots=True)
class Supervised:
    """What it says goes to ``log_file``. ``statuses``: how it ended each time, by itself."""

    name: str
    command: Sequence[str]
    log_file: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    statuses: list[int] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _started_s: float = 0.0
    _wait_s: float = _FIRST_WAIT_S
    _again_s: float = 0.0

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        self._process = spawn(self.command, self.log_file, self.environ)
        self._started_s = time.monotonic()

    def tick(self) -> None:
        """Notice an end; start it again once that is due. To be called about once a second."""
        if self._process is not None and self._process.poll() is not None:
            self.statuses.append(self._process.returncode)
            now_s = time.monotonic()
            if now_s - self._started_s > _RAN_WELL_S:
                self._wait_s = _FIRST_WAIT_S
            self._again_s, self._process = now_s + self._wait_s, None
            self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
        if self._process is None and time.monotonic() >= self._again_s:
            self.start()

    def end(self, patience_s: float = 60.0) -> int | None:
        """Stop it for good; its exit status, None where it did not run."""
        process, self._process = self._process, None
        return end(process, patience_s) if process is not None else None
