"""One person's records about one purpose, as rows; and where their chain is broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from events.clock import to_datetime
from events.consent_chain import Entry
from events.consent_key import ASPECT_NAMES
from events.consent_record import UNCHAINED, ConsentRecord
from producers.consent_topic import Spoken

SOUND = ""
BEFORE_CHAINS = "from before there were chains"
UNREADABLE = "cannot be read"
CHANGED = "was changed: it is not what its key says"
FORK = "follows the same record as another one: two wrote at one time, or one was put in"
BEHIND = "follows a record that was changed or cannot be read"
MISSING = "follows a record that is not here before it: one was removed, or two were swapped"
TOO_LATE = "is of the first version, behind records that are not"


@dataclass(frozen=True, slots=True)
class Line:
    """A record, and what is wrong with it: ``fault`` is empty where it follows the one before."""

    entry: Entry = field(repr=False)
    record: ConsentRecord | None = field(repr=False)
    fault: str

    @property
    def is_broken(self) -> bool:
        return self.fault not in (SOUND, BEFORE_CHAINS)

    def to_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "hash": None if self.entry.name in ASPECT_NAMES else self.entry.name.hex(),
            "fault": self.fault or None,
        }
        if self.record is None:
            return shown
        word, terms = self.record.word, self.record.word.terms
        return {
            "number": None if self.record.number == UNCHAINED else self.record.number,
            "at": f"{to_datetime(word.at_ms):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "action": word.action.value,
            "notice_version": terms.notice_version if terms else None,
            "notice_sha256": (terms.notice_sha256.hex() or None) if terms else None,
            "lawful_basis": (terms.lawful_basis or None) if terms else None,
            "actor_role": word.actor.role.value,
            "actor_id": word.actor.id or None,
            "jurisdiction": word.jurisdiction,
            "previous": self.record.previous.hex() or None,
            **shown,
        }


def lines(spoken: Spoken) -> list[Line]:
    """Each record of ``spoken``, in the order of the topic, with what is wrong with it."""
    return [
        Line(each.entry, each.record, fault)
        for each, fault in zip(spoken.heard, _faults(spoken), strict=True)
        if each.entry
    ]


def _faults(spoken: Spoken) -> Iterator[str]:
    seen: list[bytes] = []
    for each, followed, entry in zip(
        spoken.heard, spoken.follow(), spoken.chain.entries, strict=True
    ):
        if not entry.sound:
            yield CHANGED if each.record else UNREADABLE
        else:
            yield _fault(entry, seen, followed=followed)
        seen.append(entry.name)


def _fault(entry: Entry, seen: list[bytes], *, followed: bool) -> str:
    """Of a record that is what its key says. ``seen`` are those before it."""
    if entry.number == UNCHAINED:
        return BEFORE_CHAINS if followed else TOO_LATE
    if followed:
        return SOUND
    if seen and entry.previous == seen[-1]:
        return BEHIND
    return FORK if entry.previous in seen or (seen and not entry.previous) else MISSING


def contains(found: list[Line], head: bytes) -> bool:
    """Whether the record whose hash is ``head`` is among ``found``: then nothing up to it was cut
    off since."""
    return any(line.entry.name == head and not line.is_broken for line in found)
