"""An entry of the audit log, and its hash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum, unique
from typing import Any

from events.chain import chained

_FORM = b"glasshouse audit log 1"
#: ``begun`` and ``rows`` of an entry that says that an act begins.
NOT_YET = -1
DONE = "done"


@unique
class Act(StrEnum):
    """What is recorded: every read of personal data by a command, and every administrative act."""

    # Reads.
    QUERY = "query"
    TRACE = "trace"
    DEAD_LETTER_SHOW = "dead-letters show"
    CONSENT_SHOW = "consent show"
    CONSENT_HISTORY = "consent history"
    PSEUDONYM = "keys pseudonym"
    SUBJECT_EXPORT = "subject export"
    # Acts.
    MIGRATE = "migrate"
    PROVISION = "provision"
    KEYS_INIT = "keys init"
    KEYS_ROTATE = "keys rotate"
    KEYS_DESTROY = "keys destroy"
    KEYS_REWRAP = "keys rewrap"
    KEYS_MOVE = "keys move"
    KEYS_PUBLIC = "keys public"
    KEYS_ROTATE_SEALING = "keys rotate-sealing"
    POLICY_SIGN = "policy sign"
    POLICY_PUBLISH = "policy publish"
    CONSENT = "consent"
    SUBJECT_ERASE = "subject erase"
    REDRIVE = "dead-letters redrive"
    SPOOL_PURGE = "spool purge"
    COLLECT = "audit collect"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``os_user``: as whom the command ran; ``actor``: who says to have run it, of
    setting ``actor``. An act has two entries: one before it, with ``begun`` and ``rows`` -1, and
    one after it, whose ``begun`` is the number of the first. ``person``: whom it is about, under
    the governance key; 0: nobody, many, or somebody whose key is not at hand. ``detail``: names
    and hashes of what was meant, never a value."""

    log: str
    number: int
    at_ms: int
    os_user: str
    actor: str
    act: str
    begun: int = NOT_YET
    purpose: str = ""
    person: int = field(default=0, repr=False)
    rows: int = NOT_YET
    outcome: str = ""
    detail: str = ""
    previous_at_ms: int = 0
    previous: str = ""
    hash: str = ""

    def sealed(self) -> Entry:
        """The same with its hash."""
        return replace(self, hash=self.computed_hash())

    def computed_hash(self) -> str:
        """SHA-256 of all the other fields, in their order, and the hash of the entry before."""
        parts = [
            str(getattr(self, each.name)).encode()
            for each in fields(self)
            if each.name not in ("previous", "hash")
        ]
        return chained(_FORM, self.previous, parts)

    def to_line(self) -> bytes:
        """The entry as a line of its log."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def entry_of(line: bytes) -> Entry | None:
    """What ``to_line`` wrote; None where that is no entry."""
    try:
        found: Mapping[str, Any] = json.loads(line)
        kinds = {each.name: int if each.type == "int" else str for each in fields(Entry)}
        if found.keys() != kinds.keys():
            return None
        if any(type(found[name]) is not kind for name, kind in kinds.items()):
            return None
        return Entry(**found)
    except (ValueError, AttributeError, RecursionError):
        return None
