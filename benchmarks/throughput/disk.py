"""What a table takes on disk, as a run has left it and once all of it is merged."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from benchmarks.processes import cpu_s
from benchmarks.throughput.outcome import Disk

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

_PARTS = """
SELECT sum(rows), count(), sum(bytes_on_disk) FROM system.parts
WHERE active AND database || '.' || table = '{table}'
"""


def disk_of(client: Client, table: str) -> Disk:
    """Measures ``table`` of the engine in this process, and merges it."""
    rows, count, left = _parts(client, table)
    before_s = cpu_s(os.getpid())
    client.command(f"OPTIMIZE TABLE {table} FINAL")
    merge_cpu_s = cpu_s(os.getpid()) - before_s
    _, _, merged = _parts(client, table)
    return Disk(rows, count, left, merged, merge_cpu_s)


def _parts(client: Client, table: str) -> tuple[int, int, int]:
    ((rows, count, size),) = client.query(_PARTS.format(table=table)).result_rows
    return int(rows), int(count), int(size)
