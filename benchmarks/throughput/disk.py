"""What a table takes on disk, as a run has left it and once all of it is merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.throughput.outcome import Disk

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

_PARTS = """
SELECT sum(rows), count(), sum(bytes_on_disk) FROM system.parts
WHERE active AND database || '.' || table = '{table}'
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """Those of a table at one moment."""

    rows: int
    count: int
    size_bytes: int

    @staticmethod
    def of(client: Client, table: str) -> Parts:
        ((rows, count, size),) = client.query(_PARTS.format(table=table)).result_rows
        return Parts(int(rows), int(count), int(size))


def parts_of(client: Client, tables: Sequence[str]) -> dict[str, Parts]:
    """The parts of ``tables`` as they are now."""
    return {table: Parts.of(client, table) for table in tables}


def merge(client: Client, left: Mapping[str, Parts]) -> dict[str, Disk]:
    """Merge all of each table; ``left`` is what the run had left of it."""
    return {table: _merged(client, table, before) for table, before in left.items()}


def _merged(client: Client, table: str, left: Parts) -> Disk:
    client.command(f"OPTIMIZE TABLE {table} FINAL")
    return Disk(left.rows, left.count, left.size_bytes, Parts.of(client, table).size_bytes)
