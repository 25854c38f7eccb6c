"""Where recorded sessions are laid on the calendar. A recording only knows the time since its own
start, so the place is chosen, and always in the same way:

- a person's sessions go in the order of their names;
- session i of every person begins i days after the start, at 09:00 UTC, if the start is a date;
  if it is a date and time, at exactly that time of day (in its time zone; UTC if it names none);
- within a session the recording's own time steps are kept.

Without ``--start`` the start is midnight UTC so many days before today that every session is past:
28, or two more than the longest row of sessions has. Name a start for a calendar that is the same
tomorrow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import zip_longest

from events.clock import MS_PER_DAY, MS_PER_HOUR, to_datetime, to_ms
from events.errors import InputError
from producers.recordings import Recording

DEFAULT_DAYS = 28
_WORK_STARTS_MS = 9 * MS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Laid:
    """A recording and when its session begins, ms UTC."""

    recording: Recording = field(repr=False)
    start_ms: int


def parse_start(text: str) -> int:
    """When the first session begins, ms UTC, of an ISO 8601 date or date and time. InputError."""
    try:
        if "T" not in text and " " not in text:
            day = date.fromisoformat(text)
            return to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC)) + _WORK_STARTS_MS
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            "--start is neither a date (2026-03-02) nor a date and time (2026-03-02T08:30Z)"
        ) from None
    return to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def default_start(recordings: Iterable[Recording], now_ms: int) -> int:
    """When the first session begins if nobody says, ms UTC."""
    most = max(map(len, _by_subject(recordings).values()), default=0)
    today_ms = now_ms - now_ms % MS_PER_DAY
    return today_ms - max(DEFAULT_DAYS, most + 2) * MS_PER_DAY + _WORK_STARTS_MS


def lay(recordings: Iterable[Recording], first_ms: int) -> list[Laid]:
    """All first sessions by subject, then all second ones, and so on: every partition is fed, and
    each person's own order is kept."""
    rounds = zip_longest(*_by_subject(recordings).values())
    return [
        Laid(recording, first_ms + nth * MS_PER_DAY)
        for nth, sessions in enumerate(rounds)
        for recording in sessions
        if recording is not None
    ]


def refuse_future(laid: Sequence[Laid], now_ms: int) -> None:
    """InputError unless every session, given the day it has, is over by ``now_ms``."""
    last_ms = max((one.start_ms for one in laid), default=now_ms - MS_PER_DAY)
    too_late_ms = last_ms + MS_PER_DAY - now_ms
    first_ms = min((one.start_ms for one in laid), default=0)
    if too_late_ms > 0:
        latest = to_datetime(first_ms - too_late_ms)
        raise InputError(
            "--start would date events in the future: each session is given a day, and all "
            f"{len({one.start_ms for one in laid})} must be over now. "
            f"Start at {latest:%Y-%m-%dT%H:%MZ} or earlier."
        )
    if first_ms < 0:
        raise InputError("--start is before 1970. Name a later day.")


def _by_subject(recordings: Iterable[Recording]) -> dict[str, list[Recording]]:
    """Each subject's sessions in the order of their names; subjects in the order of theirs."""
    sessions = defaultdict(list)
    for recording in sorted(recordings, key=lambda one: (one.subject, one.session)):
        sessions[recording.subject].append(recording)
    return sessions
