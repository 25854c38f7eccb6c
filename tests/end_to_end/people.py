"""Which pseudonym is whose, and where a session lies on the calendar: known to who has the keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from events.clock import to_ms
from events.purposes import Purpose
from events.vocabulary import Origin, Surface
from producers.batches import Session
from streams.keys import KeyRing, new_epoch, save_keys
from streams.pseudonymise import keyed_id, subject_id

#: (key epoch, pseudonym)
Mask = tuple[int, int]


def two_epochs(key_file: Path, start: str, days: int = 2) -> KeyRing:
    """Make a key file whose second epoch begins so many days after ``start``."""
    second = datetime.combine(date.fromisoformat(start), time(), UTC) + timedelta(days)
    ring = KeyRing((new_epoch(1, 0), new_epoch(2, to_ms(second))))
    save_keys(ring, key_file)
    return ring


def people(ring: KeyRing, purpose: Purpose, subjects: Iterable[str]) -> dict[Mask, str]:
    """Whose the pseudonyms of ``purpose`` are."""
    return {
        (epoch.epoch, subject_id(epoch.keys[purpose], subject)): subject
        for subject in subjects
        for epoch in ring.epochs
    }


def session_masks(
    ring: KeyRing, purpose: Purpose, sessions: Iterable[tuple[str, str]], start: str
) -> dict[Mask, tuple[str, str]]:
    """Whose the session ids of ``purpose`` are: (user, session name). Session i of each person, by
    name, begins i days after ``start`` at 09:00 UTC."""
    by_user: dict[str, list[str]] = defaultdict(list)
    for user, name in sessions:
        by_user[user].append(name)
    masks = {}
    for user, names in by_user.items():
        for day, name in enumerate(sorted(names)):
            begins = datetime.combine(date.fromisoformat(start), time(9), UTC) + timedelta(day)
            start_ms = to_ms(begins)
            session = Session(
                user, name, start_ms, "any", "any", Surface.DESKTOP, Origin.REPLAY, 1, 1
            )
            epoch = ring.at(start_ms)
            identity = keyed_id(epoch.keys[purpose], "session", session.identity.bytes)
            masks[epoch.epoch, identity] = user, name
    return masks
