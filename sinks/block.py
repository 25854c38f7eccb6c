"""Rows gathered until they are worth an insert, with the offsets they stand for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from sinks.coordinates import Coordinates, Key
from sinks.decode import TABLES, Rows, bytes_of, count_rows, unfolded

#: A block is worth an insert once its rows take so many bytes, however few they are: with two
#: blocks and what the insert makes of one of them, a loader stays below its limit (DESIGN.md).
MOST_BYTES = 128 * 1_048_576


@dataclass(frozen=True, slots=True)
class Block:
    """What one flush inserts: a table's rows as one Arrow record batch, in the order of
    ``TABLES``; and for each partition the offset to commit after that, with a note where it has
    one. ``oldest_ms`` and ``newest_ms`` are Kafka's timestamps of a partition's first and last
    message in it. ``is_dropped`` is set once nobody waits for it any more."""

    tables: Mapping[str, pa.Table] = field(repr=False)
    offsets: Mapping[Key, int]
    messages: int
    oldest_ms: Mapping[Key, int] = field(default_factory=dict)
    newest_ms: Mapping[Key, int] = field(default_factory=dict)
    notes: Mapping[Key, str] = field(default_factory=dict)
    is_dropped: threading.Event = field(default_factory=threading.Event)

    @property
    def size_bytes(self) -> int:
        """What the rows take in memory."""
        return sum(rows.nbytes for rows in self.tables.values())


@dataclass(slots=True)
class Gathering:
    """A block in the making. ``since_s`` is when its first message came, None while empty;
    ``size_bytes`` is what its rows will take in memory."""

    since_s: float | None = None
    size_bytes: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    _parts: dict[str, list[pa.Table]] = field(default_factory=dict)
    _offsets: dict[Key, int] = field(default_factory=dict)
    _oldest_ms: dict[Key, int] = field(default_factory=dict)
    _newest_ms: dict[Key, int] = field(default_factory=dict)
    _notes: dict[Key, str] = field(default_factory=dict)
    _messages: int = 0

    def add(self, at: Coordinates, rows: Rows, now_s: float, note: str = "") -> None:
        """Take the rows of the message ``at``; a later message of its partition comes later.
        ``note`` is committed with the offset."""
        if self.since_s is None:
            self.since_s = now_s
        for table, part in rows.items():
            if part.num_rows:
                self._parts.setdefault(table, []).append(part)
                self.rows[table] = self.rows.get(table, 0) + count_rows(table, part)
                self.size_bytes += bytes_of(table, part)
        self._offsets[at.key] = at.offset + 1
        self._oldest_ms.setdefault(at.key, at.time_ms)
        self._newest_ms[at.key] = at.time_ms
        if note:
            self._notes[at.key] = note
        self._messages += 1

    def add_end(self, key: Key, offset: int, now_s: float, note: str = "") -> None:
        """The partition has no message between its last one and ``offset``."""
        if self.since_s is None:
            self.since_s = now_s
        self._offsets[key] = offset
        if note:
            self._notes[key] = note

    def is_full(self, limit_rows: int) -> bool:
        """Whether one table has ``limit_rows`` rows, or all together ``MOST_BYTES``."""
        return self.size_bytes >= MOST_BYTES or any(
            rows >= limit_rows for rows in self.rows.values()
        )

    def is_old(self, limit_s: float, now_s: float) -> bool:
        """Whether the first message came ``limit_s`` ago."""
        return self.since_s is not None and now_s - self.since_s >= limit_s

    def take(self) -> Block:
        """All that was gathered; nothing is left here."""
        tables = {
            table: unfolded(table, pa.concat_tables(self._parts[table]))
            for table in TABLES
            if table in self._parts
        }
        times = self._oldest_ms, self._newest_ms
        block = Block(tables, self._offsets, self._messages, *times, self._notes)
        self.drop()
        return block

    def drop(self) -> None:
        """Forget all that was gathered: whoever gets the partitions reads it again."""
        self.since_s, self.size_bytes = None, 0
        self.rows, self._parts, self._offsets, self._messages = {}, {}, {}, 0
        self._oldest_ms, self._newest_ms, self._notes = {}, {}, {}
