"""How far the loader has come in each partition it was given; read from other threads."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sinks.coordinates import Key


@dataclass(slots=True)
class _Position:
    """Offsets of what comes next: to be ``read``; to be inserted and committed (``saved``). None
    until the first word from the partition. ``at_end``: it had nothing more, when last asked."""

    read: int | None = None
    saved: int | None = None
    at_end: bool = False

    @property
    def is_open(self) -> bool:
        return self.read != self.saved


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was inserted since the start, repeats included."""

    messages: int = 0
    rows: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Progress:
    _positions: dict[Key, _Position] | None = None  # None while not in the group
    _loaded: Loaded = Loaded()
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def assigned(self, keys: Iterable[Key]) -> None:
        """These partitions, and no others, are ours."""
        with self._lock:
            self._positions = {key: _Position() for key in keys}

    def lost(self) -> None:
        """Out of the group, until the next assignment."""
        with self._lock:
            self._positions = None

    def was_read(self, key: Key, offset: int) -> None:
        """The message at ``offset`` was read."""
        with self._lock:
            if position := self._find(key):
                position.saved = offset if position.saved is None else position.saved
                position.read, position.at_end = offset + 1, False

    def has_ended(self, key: Key, offset: int) -> bool:
        """The partition has nothing at ``offset`` or after it, as of now. Whether this is further
        than was known: then this end has to be committed too, though no message led there. The
        marks that Kafka sets at the end of a transaction take offsets, but are never handed out.
        """
        with self._lock:
            if not (position := self._find(key)):
                return False
            is_news = offset > (position.read or 0)
            position.saved = offset if position.saved is None else position.saved
            position.read, position.at_end = offset, True
            return is_news

    def were_saved(self, offsets: Mapping[Key, int]) -> None:
        """All before ``offsets`` is inserted and committed."""
        with self._lock:
            for key, offset in offsets.items():
                if position := self._find(key):
                    position.saved = offset

    def were_inserted(self, messages: int, rows: Mapping[str, int]) -> None:
        """Count what a block brought."""
        total = dict(self._loaded.rows)
        for table, count in rows.items():
            total[table] = total.get(table, 0) + count
        self._loaded = Loaded(self._loaded.messages + messages, total)

    @property
    def loaded(self) -> Loaded:
        return self._loaded

    def saved(self) -> dict[Key, int | None]:
        """The offset that is inserted next, of each partition of ours; None where not known."""
        with self._lock:
            return {key: position.saved for key, position in (self._positions or {}).items()}

    def is_at_end(self) -> bool:
        """Whether every partition said it has no more, and all that was read is saved."""
        with self._lock:
            return self._positions is not None and all(
                position.at_end and not position.is_open for position in self._positions.values()
            )

    def has_reached(self, ends: Mapping[Key, int]) -> bool:
        """Whether all before ``ends`` is saved, in the partitions that are ours. One that ``ends``
        does not name has to have come to its own end."""
        with self._lock:
            return self._positions is not None and all(
                position.saved is not None and position.saved >= ends[key]
                if key in ends
                else position.at_end and not position.is_open
                for key, position in self._positions.items()
            )

    def _find(self, key: Key) -> _Position | None:
        return self._positions.get(key) if self._positions else None
