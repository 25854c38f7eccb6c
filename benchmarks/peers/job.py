"""What a peer's program is told. Runs in the peer's own environment: nothing but Python's library.

A program is started as ``python -m benchmarks.peers.<folder>.program JOB.json NAME``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

EVENTS = "peer.interactions"
GROUP = "peer"
WINDOW_MS = 300_000
#: As `lateness_ms` of the example policy: how long after its window an event is still counted.
GRACE_MS = 120_000

#: How often rows go to ClickHouse. Its documentation asks for about one insert a second.
INSERT_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """``granted`` are the people whose events may pass; ``actions`` are codes; ``key`` is hex."""

    kafka_servers: str
    clickhouse_url: str
    partitions: int
    granted: tuple[str, ...]
    actions: tuple[int, ...]
    pointer_actions: tuple[int, ...]
    applications: tuple[str, ...]
    grid_px: int
    tick_ms: int
    key: str
    folder: str

    @property
    def clickhouse(self) -> dict[str, Any]:
        """How clickhouse-connect reaches it. The endpoint has no sessions, which would also keep
        one client from inserting from two tasks."""
        url = urlsplit(self.clickhouse_url)
        return {"host": url.hostname, "port": url.port, "autogenerate_session_id": False}

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")


@dataclass(slots=True)
class Presence:
    """Tells whoever started this process that it takes part: it has been given an event."""

    file: Path
    _told: bool = False

    def tell(self) -> None:
        if not self._told:
            self.file.touch()
            self._told = True


def read_job(file: Path) -> Job:
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    lists = {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
    return Job(**{**told, **lists})


def told() -> tuple[Job, str]:
    """The job and the name of this process, from the command line."""
    return read_job(Path(sys.argv[1])), sys.argv[2]


def presence(job: Job, name: str) -> Presence:
    return Presence(Path(job.folder) / f"{name}.present")
