"""The rows of a spool's database: every statement about them there is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from events.errors import SpoolFull
from producers.spool_database import (
    PAGE_BYTES,
    Last,
    checksum,
    damaged,
    in_our_words,
    open_database,
)
from producers.spool_folder import DATABASE, LAST
from producers.spool_reserve import Reserve
from producers.unsent import Unsent

#: Removed in one transaction. Few, since a message may have 1 MiB and the log's length is bounded.
REMOVED_AT_ONCE = 8
_READ_AT_ONCE = 16
_PAGES_FREED_AT_ONCE = 1_000

_NEXT = """
    SELECT number, key, value, events, checksum FROM unsent
    WHERE number > ? ORDER BY number LIMIT ?"""
_INSERT = "INSERT INTO unsent (appended_ms, events, checksum, key, value) VALUES (?, ?, ?, ?, ?)"


def open_rows(folder: Path, limit_bytes: int) -> Rows:
    """The rows of the spool in a claimed folder. Raises ``SpoolError`` and ``SpoolFull``."""
    with in_our_words(folder):
        last = Last(folder)
    try:
        return Rows(folder, open_database(folder, limit_bytes), last)
    except BaseException:
        last.close()
        raise


class Rows:
    """Unsent messages by number, and their ``count`` once they were checked. Every method raises
    ``SpoolError`` where SQLite cannot go on; those that write raise ``SpoolFull`` as well."""

    def __init__(self, folder: Path, database: sqlite3.Connection, last: Last) -> None:
        self._folder, self._database, self._last = folder, database, last
        self._reserve = Reserve(folder)
        self._synced = False
        self.count = 0

    def check(self) -> int:
        """Read everything. The number of the newest message ever appended, 0 if there was none;
        raises ``SpoolError`` if a message is garbled, or missing at the end."""
        for _ in self.after(0):
            pass
        found = self._one("SELECT coalesce(max(seq), 0) FROM sqlite_sequence")
        if (missing := self._last.read() - found) > 0:
            raise damaged(
                self._folder / DATABASE,
                f"the newest {missing} messages that were accepted are not in it any more",
                f"They are lost. To send the others, delete {self._folder / LAST} and start again.",
            )
        self._last.write(found)
        self.count = self._one("SELECT count(*) FROM unsent")
        return found

    def insert(self, at_ms: int, key: bytes, value: bytes, events: int, *, synced: bool) -> int:
        """The number of a new row, one transaction. ``synced``: once the disk has confirmed it, and
        all before it."""
        row = (at_ms, events, checksum(key, value, events), key, value)
        try:
            with in_our_words(self._folder):
                if synced is not self._synced:
                    self._synced = synced
                    self._database.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
                number = self._database.execute(_INSERT, row).lastrowid or 0
        except SpoolFull:
            self._say_if_it_is_the_limit(len(key) + len(value))
            raise
        self._last.write(number)
        self.count += 1
        return number

    def after(self, number: int) -> Iterator[Unsent]:
        """Messages with a greater number, in order. Raises ``SpoolError`` before one that is not
        what was appended."""
        while True:
            with in_our_words(self._folder):
                rows = self._database.execute(_NEXT, (number, _READ_AT_ONCE)).fetchall()
            for found, key, value, events, expected in rows:
                if checksum(key, value, events) != expected:
                    raise damaged(self._folder / DATABASE, f"message {found} is garbled")
                yield Unsent(found, key, value, events)
            if len(rows) < _READ_AT_ONCE:
                return
            number = rows[-1][0]

    def remove(self, numbers: Sequence[int]) -> int:
        """Remove at most ``REMOVED_AT_ONCE`` rows in one transaction; how many there were. Takes
        the room of the reserve where there is no other."""
        try:
            removed = self._delete(numbers)
        except SpoolFull:
            if not self._reserve.give_up():
                raise
            self._empty_log()
            removed = self._delete(numbers)
        self.count -= removed
        return removed

    def before(self, at_ms: int) -> list[int]:
        """Numbers of what was appended earlier than that: looks at every row."""
        return self._column("SELECT number FROM unsent WHERE appended_ms < ?", at_ms)

    def oldest_ms(self) -> int | None:
        """When the row with the lowest number was appended."""
        with in_our_words(self._folder):
            row = self._database.execute(
                "SELECT appended_ms FROM unsent ORDER BY number LIMIT 1"
            ).fetchone()
        return int(row[0]) if row else None

    def events(self) -> int:
        return self._one("SELECT coalesce(sum(events), 0) FROM unsent")

    def bytes_on_disk(self) -> int:
        """Of the pages in use; the file may be larger until it is scrubbed empty."""
        return (self._one("PRAGMA page_count") - self._one("PRAGMA freelist_count")) * PAGE_BYTES

    def scrub(self) -> None:
        """Bring the log into the database, on the disk, and empty it: what was removed is then in
        neither. An empty spool gives its room back to the disk, but for the reserve."""
        with in_our_words(self._folder):
            while not self.count and self._one("PRAGMA freelist_count"):
                free = f"PRAGMA incremental_vacuum({_PAGES_FREED_AT_ONCE})"
                self._database.execute(free).fetchall()
        self._empty_log()
        self._reserve.take()

    def close(self) -> None:
        self._last.close()
        with in_our_words(self._folder):
            self._database.close()

    def _delete(self, numbers: Sequence[int]) -> int:
        marks = ",".join("?" * len(numbers))
        with in_our_words(self._folder):
            statement = f"DELETE FROM unsent WHERE number IN ({marks})"
            return self._database.execute(statement, numbers).rowcount

    def _empty_log(self) -> None:
        with in_our_words(self._folder):
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _one(self, question: str) -> int:
        with in_our_words(self._folder):
            return int(self._database.execute(question).fetchone()[0])

    def _column(self, question: str, value: object) -> list[int]:
        with in_our_words(self._folder):
            return [number for (number,) in self._database.execute(question, (value,))]

    def _say_if_it_is_the_limit(self, wanted_bytes: int) -> None:
        most_pages = self._one("PRAGMA max_page_count")
        if self.bytes_on_disk() + wanted_bytes + 4 * PAGE_BYTES > most_pages * PAGE_BYTES:
            raise SpoolFull(
                f"the spool {self._folder} is full: its files take all that spool_limit_bytes "
                "allows, and Kafka has not acknowledged what is in them. This batch was not taken. "
                "Offer it again once Kafka answers, or allow more."
            ) from None
