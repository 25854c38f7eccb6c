"""What the records of one person about one purpose come to. The worker that judges and the command
that shows a history read them by this and nothing else.

A record *follows* if it has the next number and the hash of the record before it in the topic. One
that does not, or that cannot be read, or is not what its key says, breaks the chain. A record that
is not there may have been a no. So a break takes back every yes before it, and counts as a pause;
a no counts even where it breaks the chain, and a yes counts only where it follows. A break is
healed by what is said anew behind it: acknowledge, grant and resume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from events.consent import NOES, ConsentAction, Terms
from events.consent_key import ASPECT_NAMES
from events.consent_record import NOTHING, UNCHAINED, ConsentRecord
from events.outcomes import Withheld


class Entry(NamedTuple):
    """A record, as far as a standing needs it. ``sound`` is not set where it cannot be read or is
    not what its key says; then ``action`` is there only if it is a no."""

    name: bytes
    action: ConsentAction | None
    terms: Terms | None = None
    number: int = UNCHAINED
    previous: bytes = NOTHING
    sound: bool = True


class Standing(NamedTuple):
    """Where a person stands. ``doubtful``: the chain broke, and not all was said anew since."""

    acknowledged: Terms | None = None
    granted: Terms | None = None
    stopped: Withheld | None = None
    paused: bool = False
    doubtful: bool = False


SILENT: Final = Standing()


def entry_of(record: ConsentRecord) -> Entry:
    word = record.word
    return Entry(record.name, word.action, word.terms, record.number, record.previous)


def next_place(head: Entry | None) -> tuple[int, bytes]:
    """Number and previous hash of the record that follows ``head``, the last one there is."""
    if head is None or head.name in ASPECT_NAMES:
        return 0, NOTHING
    return head.number + 1, head.name


def follows(head: Entry | None, entry: Entry) -> bool:
    """Whether ``entry`` follows ``head``. Records of the first version follow one another, and
    nothing else: what they say stands before the chain."""
    if not entry.sound:
        return False
    if entry.number == UNCHAINED:
        return head is None or head.name in ASPECT_NAMES
    return (entry.number, entry.previous) == next_place(head)


def objection(standing: Standing, terms: Terms) -> Withheld | None:
    """Why events may not flow under the ``terms`` in force; None if they may."""
    if standing.stopped:
        return standing.stopped
    current = standing.acknowledged == terms and standing.granted == terms
    if current and not standing.paused:
        return None
    if standing.doubtful:
        return Withheld.CHAIN_BROKEN
    if standing.granted is None:
        return Withheld.NOT_ENROLLED
    if standing.acknowledged is None:
        return Withheld.NOT_ACKNOWLEDGED
    return Withheld.PAUSED if current else Withheld.NOTICE_OUTDATED


@lru_cache(maxsize=4_096)
def after(
    standing: Standing, action: ConsentAction | None, terms: Terms | None, *, followed: bool
) -> Standing:
    """The standing once ``action`` was heard, in a record that ``followed`` or did not. One object
    for equal ones: there are few, and a chain for each person and purpose."""
    if not followed:
        broken = Standing(stopped=standing.stopped, paused=True, doubtful=True)
        return _said(broken, action, terms) if action in NOES else broken
    said = _said(standing, action, terms)
    healed = said.acknowledged and said.granted and not said.paused
    return said._replace(doubtful=False) if said.doubtful and healed else said


def _said(standing: Standing, action: ConsentAction | None, terms: Terms | None) -> Standing:
    changed: dict[str, Any] = {}
    match action:
        case ConsentAction.ACKNOWLEDGE:
            changed = {"acknowledged": terms}
        case ConsentAction.GRANT:
            changed = {"granted": terms, "stopped": None}
        case ConsentAction.WITHDRAW:
            changed = {"granted": None, "stopped": Withheld.WITHDRAWN}
        case ConsentAction.OBJECT:
            changed = {"granted": None, "stopped": Withheld.OBJECTED}
        case ConsentAction.PAUSE:
            changed = {"paused": True}
        case ConsentAction.RESUME:
            changed = {"paused": False}
    return standing._replace(**changed)


@dataclass(slots=True)
class Chain:
    """The records of one person about one purpose, as the compacted topic holds them: in its order,
    of each key the last. So a worker that heard a record taken out and one that starts later come
    to the same. ``whole``: each followed."""

    entries: list[Entry] = field(default_factory=list)
    standing: Standing = SILENT
    whole: bool = True

    @property
    def head(self) -> Entry | None:
        return self.entries[-1] if self.entries else None

    def take(self, entry: Entry) -> bool:
        """Take in the next record; whether it followed."""
        # In a whole chain what follows is new; but for the first version, whose names come again.
        new = self.whole and entry.name not in ASPECT_NAMES and follows(self.head, entry)
        if new or not self._has(entry.name):
            return self._append(entry)
        # The topic keeps the later of two under one key.
        rest = [each for each in self.entries if each.name != entry.name]
        self._become([*rest, entry])
        return follows(rest[-1] if rest else None, entry)

    def forget(self, name: bytes) -> None:
        """Take in that the record called ``name`` was taken out of the topic."""
        if self._has(name):
            self._become([each for each in self.entries if each.name != name])

    def _has(self, name: bytes) -> bool:
        return any(each.name == name for each in self.entries)

    def _append(self, entry: Entry) -> bool:
        head = self.head
        followed = follows(head, entry)
        if followed and head and entry.previous:
            entry = entry._replace(previous=head.name)  # one object for equal bytes
        self.entries.append(entry)
        self.whole &= followed
        self.standing = after(self.standing, entry.action, entry.terms, followed=followed)
        return followed

    def _become(self, entries: Sequence[Entry]) -> None:
        """Stand for ``entries`` from one moment to the next: whoever asks meanwhile, from another
        thread, must not meet a part of them, in which a no may be missing."""
        other = Chain()
        for entry in entries:
            other._append(entry)
        self.entries, self.whole = other.entries, other.whole
        self.standing = other.standing
