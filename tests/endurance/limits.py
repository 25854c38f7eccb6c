"""The memory that each process is to stay below, in MiB, as DESIGN.md states it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """``grows_because`` is empty where memory must be flat under a steady load."""

    mib: int
    grows_because: str = ""


_KEEPS_ALL = "the embedded broker keeps every message in memory, by design"
_KEEPS_TABLES = (
    "the embedded engine in the place of a server: books of parts, caches and merges grow with "
    "the tables, below max_server_memory_usage"
)

LIMITS: dict[str, Limit] = {
    "worker": Limit(512),
    "loader": Limit(1_024),
    "producer": Limit(512),
    "kafka": Limit(1_536),
    "embedded broker": Limit(8_192, _KEEPS_ALL),
    "clickhouse": Limit(4_096, _KEEPS_TABLES),
}


def limit_of(name: str) -> Limit:
    """Of a process by its name; ``worker 2`` is a worker."""
    return LIMITS[name.rstrip(" 0123456789")]
