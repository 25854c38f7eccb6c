"""Reads tables of an embedded ClickHouse, and changes them by hand, in a process of its own:
chDB serves one process a directory and one directory a process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa

_ROOT = Path(__file__).resolve().parents[2]


def read(data_dir: Path, **queries: str) -> dict[str, Any]:
    """An Arrow table for each query, in the order of the rows that the query gives."""
    with tempfile.TemporaryDirectory() as folder:
        _ask(data_dir, {"read": queries, "into": folder})
        found = {}
        for name in queries:
            with pa.OSFile(f"{folder}/{name}") as file:
                found[name] = pa.ipc.open_stream(file).read_all()
        return found


def rows(data_dir: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of one query as tuples."""
    (table,) = read(data_dir, only=query).values()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def change(data_dir: Path, *statements: str) -> None:
    """Run statements that write."""
    _ask(data_dir, {"change": statements})


def _ask(data_dir: Path, request: dict[str, Any]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.end_to_end.tables", str(data_dir)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
        cwd=_ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def _answer() -> None:
    from events.settings import Settings
    from sinks.warehouse import open_warehouse

    request = json.load(sys.stdin)
    with open_warehouse(Settings(data_dir=Path(sys.argv[1]))) as warehouse:
        for statement in request.get("change", ()):
            warehouse.client.command(statement)
        for name, query in request.get("read", {}).items():
            table = warehouse.client.query_arrow(query)
            place = f"{request['into']}/{name}"
            with pa.OSFile(place, "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
                stream.write_table(table)


if __name__ == "__main__":
    _answer()
