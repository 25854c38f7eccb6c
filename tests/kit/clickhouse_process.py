"""Start the embedded engine behind HTTP as a process, tell it how to fail, kill it, start it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.documents import ROOT
from tests.kit.http_faults import Fault


@dataclass(slots=True)
class ClickHouseOverHttp:
    """NOT a ClickHouse server: see ``tests/kit/embedded_clickhouse_http.py``. ``users`` are texts
    NAME:PASSWORD:ROLE; none: the user ``default`` without a password may do everything."""

    path: Path
    config: Path | None = None
    users: Sequence[str] = ()
    _port: int = 0
    _control_port: int = 0
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """None while it is killed."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it; again on the port and the tables it had."""
        command = [sys.executable, "-m", "tests.kit.embedded_clickhouse_http"]
        command += ["--path", str(self.path), "--port", str(self._port)]
        command += ["--config", str(self.config)] if self.config else []
        command += [word for user in self.users for word in ("--user", user)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # it ends when this does, so not by a Ctrl-C in the terminal
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        ports = json.loads(self._process.stdout.readline())
        self._port, self._control_port = ports["port"], ports["control_port"]

    def kill(self) -> None:
        """End it as kill -9 does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def fail(self, *faults: Fault) -> None:
        """Meet statements with these, in place of those that are still planned."""
        self._say("faults", [asdict(fault) for fault in faults])

    def refuse_connections(self) -> None:
        self._say("listening", False)

    def take_connections(self) -> None:
        self._say("listening", True)

    def met(self) -> dict[str, int]:
        """Statements since the last ``fail``, by the fault they met; "none" for none."""
        with urllib.request.urlopen(self._control("met"), timeout=10) as answer:
            return dict(json.load(answer))

    def _say(self, what: str, value: Any) -> None:
        body = json.dumps(value).encode()
        with urllib.request.urlopen(self._control(what), body, timeout=10):
            pass

    def _control(self, what: str) -> str:
        return f"http://127.0.0.1:{self._control_port}/{what}"

    def __enter__(self) -> ClickHouseOverHttp:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
