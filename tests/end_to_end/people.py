"""Which pseudonym is whose, and where a session lies on the calendar: known to who has the keys."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from events.clock import to_ms
from events.purposes import Purpose
from events.vocabulary import Origin, Surface
from producers.batches import Session
from streams.keys import KeyRing, new_epoch, save_keys
from tests.kit.secrets import pseudonym, session_id
from tests.strategies import SEALING

#: (key epoch, pseudonym)
Mask = tuple[int, int]


def two_epochs(key_file: Path, start: str, days: int = 2) -> KeyRing:
    """Make a key file whose second epoch begins so many days after ``start``."""
    second = datetime.combine(date.fromisoformat(start), time(), UTC) + timedelta(days)
    ring = KeyRing((new_epoch(1, 0), new_epoch(2, to_ms(second))), SEALING)
    save_keys(ring, key_file)
    return ring


def people(ring: KeyRing, purpose: Purpose, subjects: Iterable[str]) -> dict[Mask, str]:
    """Whose the pseudonyms of ``purpose`` are."""
    return {
        (epoch.epoch, pseudonym(epoch, purpose, subject)): subject
        for subject in subjects
        for epoch in ring.epochs
    }


def session_masks(
    ring: KeyRing, purpose: Purpose, files: Iterable[Path], start: str
) -> dict[Mask, tuple[str, str]]:
    """Whose the session ids of ``purpose`` are: (user, session name), as the files are called.
    Session i of each person, by name, begins i days after ``start`` at 09:00 UTC."""
    by_user: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        by_user[file.parent.name].append(file)
    masks = {}
    for user, own in by_user.items():
        for day, file in enumerate(sorted(own)):
            begins = datetime.combine(date.fromisoformat(start), time(9), UTC) + timedelta(day)
            start_ms = to_ms(begins)
            session = Session(
                *(user, file.name, start_ms, "any", "any", Surface.DESKTOP, Origin.REPLAY, 1, 1),
                hashlib.sha256(file.read_bytes()).digest(),
            )
            epoch = ring.at(start_ms)
            identity = session_id(epoch, purpose, user, session.identity.bytes)
            masks[epoch.epoch, identity] = user, file.name
    return masks
