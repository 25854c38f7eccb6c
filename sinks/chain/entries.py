"""Follow the chain of an audit log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from events.audit.entry import NOT_YET, Entry
from events.chain import BEGINNING
from sinks.chain.finding import Fault, Findings, entry_place


@dataclass(frozen=True, slots=True)
class LogHead:
    """The newest entry of an audit log."""

    log: str
    number: int
    at_ms: int
    hash: str


@dataclass(frozen=True, slots=True)
class Followed:
    """``where``: a file, or ClickHouse. ``unfinished``: acts that began, and of which nobody knows
    how they ended."""

    where: str
    head: LogHead
    entries: int
    unfinished: int


@dataclass(slots=True)
class _Way:
    """How far a log was followed."""

    hashes: set[str] = field(default_factory=set)  # of the entry at `number`, which should be one
    last: Entry | None = None
    entries: int = 0
    open: set[int] = field(default_factory=set)


def follow(
    entries: Iterable[Entry], where: str, findings: Findings, expired_before_ms: int = 0
) -> list[Followed]:
    """Follow every log in ``entries``, which come log by log, in the order of numbers; what is
    wrong goes into ``findings``. Detects every entry that was removed before the newest, put in or
    changed. Before an entry others may be missing only where the one before it, of whose time it
    tells, was written before ``expired_before_ms``: retention has dropped those."""
    ways: dict[str, _Way] = {}
    for entry in entries:
        _step(ways.setdefault(entry.log, _Way()), entry, findings, expired_before_ms)
    return [
        Followed(where, head_of(way.last), way.entries, len(way.open))
        for way in ways.values()
        if way.last is not None
    ]


def head_of(entry: Entry) -> LogHead:
    """What to keep elsewhere of ``entry``, so that it cannot be cut off."""
    return LogHead(entry.log, entry.number, entry.at_ms, entry.hash)


def _step(way: _Way, entry: Entry, findings: Findings, expired_before_ms: int) -> None:
    place = entry_place(entry.log, entry.number)
    number = way.last.number if way.last else -1
    if entry.computed_hash() != entry.hash:
        findings.add(Fault.ENTRY_CHANGED, [place])
    follows = entry.previous in (way.hashes or {BEGINNING}) and entry.number == number + 1
    if entry.number == number:
        findings.add(Fault.ENTRY_ADDED, [place])
    elif not follows and not (entry.number > number + 1 and _expired(entry, expired_before_ms)):
        findings.add(Fault.ENTRIES_REMOVED, [f"before {place}"])
    way.hashes = {entry.hash} | (way.hashes if entry.number == number else set())
    way.last = entry
    way.entries += 1
    if entry.begun == NOT_YET:
        way.open.add(entry.number)
    else:
        way.open.discard(entry.begun)


def _expired(entry: Entry, expired_before_ms: int) -> bool:
    return 0 < entry.previous_at_ms < expired_before_ms
