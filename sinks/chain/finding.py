"""What the audit finds: that the accounting, or an audit log, is not what it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique

#: How many places are named of each kind; their number is always exact.
SHOWN = 5


@unique
class Fault(StrEnum):
    """What is wrong at a place. A link is named by its place in the accounting topic, a row by that
    of its source message, an entry by its log and number."""

    LINK_CHANGED = "link changed"
    LINKS_REMOVED = "links removed"
    LINK_ADDED = "link added"
    ROW_REMOVED = "row removed"
    ROW_CHANGED = "row changed"
    ROW_ADDED = "row added"
    IDS_CHANGED = "batch ids changed"
    HEAD_MISSING = "head missing"
    ENTRY_CHANGED = "entry changed"
    ENTRIES_REMOVED = "entries removed"
    ENTRY_ADDED = "entry added"
    ENTRY_LOST = "entry lost"


MEANING: Mapping[Fault, str] = {
    Fault.LINK_CHANGED: "links whose hash is not that of what stands in them",
    Fault.LINKS_REMOVED: "links that do not follow the one before: some were removed, or put in",
    Fault.LINK_ADDED: "links beside another one at the same place",
    Fault.ROW_REMOVED: "rows that a link tells of and the accounting lacks",
    Fault.ROW_CHANGED: "rows that say what no link does, or less than a later attempt",
    Fault.ROW_ADDED: "rows that no link tells of",
    Fault.IDS_CHANGED: "links whose rows have other batch ids",
    Fault.HEAD_MISSING: "hashes, kept elsewhere, of links or entries that are not there",
    Fault.ENTRY_CHANGED: "entries of an audit log whose hash is not that of what stands in them",
    Fault.ENTRIES_REMOVED: "entries that do not follow the one before: some were removed",
    Fault.ENTRY_ADDED: "entries beside another one at the same place",
    Fault.ENTRY_LOST: "entries that were collected once, and that their log has no more",
}


@dataclass(slots=True)
class Findings:
    """How many faults of each kind, and where the first few are."""

    counts: Counter[Fault] = field(default_factory=Counter)
    places: dict[Fault, list[str]] = field(default_factory=dict)

    def add(self, fault: Fault, places: Sequence[str], count: int = 1) -> None:
        """``count`` more of this kind, and where some of them are."""
        self.counts[fault] += count
        known = self.places.setdefault(fault, [])
        known += places[: SHOWN - len(known)]


def link_place(topic_id: str, partition: int, offset: int) -> str:
    return f"accounting topic id {topic_id}, partition {partition}, offset {offset}"


def entry_place(log: str, number: int) -> str:
    return f"audit log {log}, entry {number}"


def row_place(topic_id: str, partition: int, offset: int, purpose: str) -> str:
    return f"topic id {topic_id}, partition {partition}, offset {offset}, {purpose}"
