"""How rows get into ClickHouse: many at a time, as its documentation asks for. Runs in the peer's
own environment.

https://clickhouse.com/docs/integrations/python: ``insert``, and insert contexts used again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import clickhouse_connect

from benchmarks.peers.columns import (
    ACCOUNT_COLUMNS,
    ACCOUNTS,
    COLUMNS,
    ROWS,
    WINDOW_COLUMNS,
    WINDOWS,
)
from benchmarks.peers.job import Job

#: A place in the topic (partition, offset), and what became of the event there.
Judged = tuple[int, int, str]


class Inserts:
    """Each returns once the rows can be read. Nothing is inserted where there is nothing."""

    def __init__(self, job: Job) -> None:
        self._client = clickhouse_connect.get_client(**job.clickhouse)
        self._contexts: dict[str, Any] = {}

    def rows(self, rows: Sequence[Sequence[Any]]) -> None:
        self._insert(ROWS, COLUMNS, rows)

    def windows(self, rows: Sequence[Sequence[Any]]) -> None:
        self._insert(WINDOWS, WINDOW_COLUMNS, rows)

    def accounts(self, judged: Iterable[Judged]) -> None:
        self._insert(ACCOUNTS, ACCOUNT_COLUMNS, counted(judged))

    def _insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        if not rows:
            return
        if table not in self._contexts:
            self._contexts[table] = self._client.create_insert_context(table, columns)
        context = self._contexts[table]
        context.data = rows
        self._client.insert(context=context)


def counted(judged: Iterable[Judged]) -> list[tuple[int, int, str, int]]:
    """How many of these events had which fate, for each partition, named by its first offset."""
    counts: Counter[tuple[int, str]] = Counter()
    first: dict[int, int] = {}
    for partition, offset, fate in judged:
        counts[partition, fate] += 1
        first[partition] = min(first.get(partition, offset), offset)
    return [(partition, first[partition], fate, n) for (partition, fate), n in counts.items()]
