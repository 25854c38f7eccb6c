"""Unsent batches on disk: what is appended is there until Kafka has it, whatever happens between.

    append      one transaction. It survives the death of the process at once, and a power cut
                where the append before it was ``_SYNC_S`` ago or more. In a faster burst the disk
                is told every ``_SYNC_S``, so that a power cut takes that much of its end at most.
    first       oldest first: what an earlier run left over comes before all that is new.
    tidy        removes what was acknowledged, some at a time; about once a second all is brought
                from SQLite's log into the database, so that what was removed is in neither file.

A process that dies between Kafka's acknowledgement and ``tidy`` leaves batches that Kafka has. They
are sent again and collapse in the tables, since a batch's identity is its own.

Nothing is dropped in silence: a batch older than the raw topic's retention is counted and logged,
since nobody may hold raw events for longer; a spool that is full or damaged is an error.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from events.clock import MS_PER_HOUR, MS_PER_S, Clock, SystemClock
from events.codec import MAX_MESSAGE_BYTES
from events.errors import SpoolFull, Stop
from events.log import log
from events.metrics import SPOOL_EXPIRED, SPOOL_OLDEST_SECONDS, SPOOLED_BYTES
from events.topics import SPEC, Topic
from producers.spool_folder import claimed
from producers.spool_rows import REMOVED_AT_ONCE, Rows, open_rows
from producers.unsent import Unsent

#: Oldest a batch may get here: the raw events of a person are nowhere held for longer.
MAX_AGE_MS = SPEC[Topic.RAW].retention_ms

#: A disk takes some milliseconds to confirm: this often, that costs a burst little of its speed.
_SYNC_S = 0.05
_TIDY_S = 1.0
#: So many acknowledged messages are removed without waiting for that second.
_TIDY_MESSAGES = 256
_READ_AHEAD = 16


@dataclass(frozen=True, slots=True)
class Held:
    """What a spool holds. ``bytes_on_disk``: of the pages in use; ``oldest_age_s``: 0 where there
    is nothing."""

    batches: int
    events: int
    bytes_on_disk: int
    oldest_age_s: float


@contextmanager
def open_spool(folder: Path, limit_bytes: int, clock: Clock | None = None) -> Iterator[Spool]:
    """The spool in ``folder`` for as long as the context lasts; made if it is not there.

    Raises ``SpoolError`` if it is in use, open to others, or damaged, and ``SpoolFull`` if the disk
    has no room to make it.
    """
    with claimed(folder), closing(open_rows(folder, limit_bytes)) as rows:
        spool = Spool(rows, folder, clock or SystemClock())
        try:
            yield spool
        finally:
            spool.tidy(now=True)


class Spool:
    """An ``Outbox`` in a folder that is claimed (``open_spool``). Not for use by several threads.

    ``left_over``: batches that an earlier run appended and Kafka did not acknowledge to it.
    """

    durable = True

    def __init__(self, rows: Rows, folder: Path, clock: Clock) -> None:
        self._rows, self._clock = rows, clock
        self.after_a_stop = f"They are kept in the spool {folder}: the next start sends them first."
        self._newest = self._left_to = rows.check()
        self._acknowledged: deque[int] = deque()
        self._ahead: deque[Unsent] = deque()
        self._read_to = self._handed_to = 0
        self._synced_at_s = self._tidy_at_s = -math.inf
        self.tidy(now=True)
        self.left_over = rows.count

    def append(self, key: bytes, value: bytes, events: int) -> None:
        """Put a message behind all others, on disk. Raises ``SpoolFull`` where the limit or the
        disk leaves no room, and ``Stop`` for one too large for any topic: both take nothing."""
        if len(value) > MAX_MESSAGE_BYTES:
            raise Stop(f"a message of {len(value):,} bytes is too large for {Topic.RAW.value}")
        try:
            number = self._insert(key, value, events)
        except SpoolFull:
            if not self._acknowledged:
                raise
            self._remove_acknowledged()
            self._rows.scrub()
            number = self._insert(key, value, events)
        if self._read_to == self._newest and len(self._ahead) < _READ_AHEAD:
            self._ahead.append(Unsent(number, key, value, events))
            self._read_to = number
        self._newest = number

    def first(self) -> Unsent | None:
        if not self._ahead and self._read_to < self._newest:
            read = islice(self._rows.after(self._read_to), _READ_AHEAD)
            self._ahead.extend(replace(one, left_over=one.number <= self._left_to) for one in read)
            self._read_to = self._ahead[-1].number if self._ahead else self._newest
        return self._ahead[0] if self._ahead else None

    def handed_over(self) -> None:
        self._handed_to = self._ahead.popleft().number

    def acknowledged(self, number: int) -> None:
        self._acknowledged.append(number)

    def tidy(self, *, now: bool = False) -> None:
        """Remove what was acknowledged, drop what is too old, and leave no trace of either. A full
        disk puts that off, and is no error: the worst of it is that a batch is sent again."""
        at_s = self._clock.monotonic_s()
        due = now or at_s >= self._tidy_at_s
        if not due and len(self._acknowledged) < _TIDY_MESSAGES:
            return
        try:
            self._remove_acknowledged()
            if due:
                self._tidy_at_s = at_s + _TIDY_S
                self._drop_expired()
                self._rows.scrub()
        except SpoolFull:
            return
        finally:
            if due:
                SPOOLED_BYTES.set(self._rows.bytes_on_disk())
                SPOOL_OLDEST_SECONDS.set(self._oldest_age_s())

    def held(self) -> Held:
        """Counts, bytes and age; nobody's name."""
        return Held(
            batches=self._rows.count,
            events=self._rows.events(),
            bytes_on_disk=self._rows.bytes_on_disk(),
            oldest_age_s=self._oldest_age_s(),
        )

    def __len__(self) -> int:
        return max(0, self._rows.count - len(self._acknowledged))

    def _insert(self, key: bytes, value: bytes, events: int) -> int:
        at_s = self._clock.monotonic_s()
        synced = at_s - self._synced_at_s >= _SYNC_S
        number = self._rows.insert(self._clock.now_ms(), key, value, events, synced=synced)
        if synced:
            self._synced_at_s = at_s
        return number

    def _remove_acknowledged(self) -> None:
        while some := list(islice(self._acknowledged, REMOVED_AT_ONCE)):
            self._rows.remove(some)
            for _ in some:
                self._acknowledged.popleft()

    def _drop_expired(self) -> None:
        oldest_ms = self._rows.oldest_ms()
        before_ms = self._clock.now_ms() - MAX_AGE_MS
        if oldest_ms is None or oldest_ms >= before_ms:
            return
        dropped = 0
        try:
            for removed in self._drop(self._rows.before(before_ms)):
                dropped += removed
                SPOOL_EXPIRED.inc(removed)
        finally:
            log.warning(
                "unsent batches dropped: older than the raw topic's retention",
                batches=dropped,
                retention_h=MAX_AGE_MS // MS_PER_HOUR,
            )

    def _drop(self, numbers: Sequence[int]) -> Iterator[int]:
        """Remove rows that Kafka has not acknowledged, and what was read ahead of them; how many
        each transaction removed."""
        self._ahead.clear()
        self._read_to = self._handed_to
        for start in range(0, len(numbers), REMOVED_AT_ONCE):
            yield self._rows.remove(numbers[start : start + REMOVED_AT_ONCE])

    def _oldest_age_s(self) -> float:
        oldest_ms = self._rows.oldest_ms()
        return 0.0 if oldest_ms is None else max(0, self._clock.now_ms() - oldest_ms) / MS_PER_S
