"""Samples (actions or minutes) with their features, and the pieces that are judged whole."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum, unique

import numpy as np

from benchmarks.reidentification.features import NAMES, features
from benchmarks.reidentification.segment import segment
from benchmarks.reidentification.sessions import Floats, Ints, Session
from events.clock import MS_PER_MINUTE

#: Shorter actions are left out, as in Antal and Egyed-Zsigmond: they have no jerk.
LEAST_EVENTS = 4


@dataclass(frozen=True, slots=True, repr=False)
class Samples:
    """n samples in the order of sessions and of time: ``features`` float64[n, f]; ``person``,
    ``session`` and ``minute`` (since the session's start) int64[n]."""

    features: Floats
    person: Ints
    session: Ints
    minute: Ints

    def __len__(self) -> int:
        return len(self.person)

    def of(self, sessions: Collection[int]) -> Samples:
        """Those of the sessions with these numbers."""
        keep = np.isin(self.session, list(sessions))
        return Samples(
            self.features[keep], self.person[keep], self.session[keep], self.minute[keep]
        )

    def only(self, names: Sequence[str]) -> Samples:
        """With these features of an action alone."""
        columns = [NAMES.index(name) for name in names]
        return Samples(self.features[:, columns], self.person, self.session, self.minute)


def action_samples(sessions: Sequence[Session]) -> Samples:
    """A sample for each pointer action."""
    parts = []
    for session in sessions:
        segments = segment(session)
        long = segments.count >= LEAST_EVENTS
        minute = session.time_ms[segments.first[long]] // MS_PER_MINUTE
        parts.append((features(session, segments)[long], minute))
    return _joined(sessions, parts)


def minute_samples(sessions: Sequence[Session]) -> Samples:
    """A sample for each minute of somebody's window partials: the sums, and the path per move."""
    parts = []
    for session in sessions:
        moves, path = session.measures[:, 0], session.measures[:, -1]
        per_move = path / np.maximum(moves, 1)
        parts.append((np.column_stack([session.measures, per_move]), session.minutes))
    return _joined(sessions, parts)


def _joined(sessions: Sequence[Session], parts: Sequence[tuple[Floats, Ints]]) -> Samples:
    sizes = [len(minute) for _, minute in parts]
    return Samples(
        np.concatenate([values for values, _ in parts]),
        np.repeat([session.person for session in sessions], sizes),
        np.repeat([session.number for session in sessions], sizes),
        np.concatenate([minute for _, minute in parts]),
    )


@unique
class Unit(Enum):
    """By what samples are put together."""

    SAMPLES = "samples"
    MINUTES = "minutes"
    SESSION = "session"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Piece:
    """How much an attacker sees of somebody at a time: ``size`` samples, the samples of ``size``
    minutes of a session, a whole session, or all sessions under one pseudonym."""

    unit: Unit
    size: int = 1

    def numbers(self, samples: Samples) -> Ints:
        """The piece each sample belongs to, from 0; -1 where a session ends before a piece of
        ``size`` samples is full."""
        match self.unit:
            case Unit.PERSON:
                return samples.person
            case Unit.SESSION:
                return samples.session
            case Unit.MINUTES:
                return _numbered(samples.session, samples.minute // self.size)
            case Unit.SAMPLES:
                piece = _numbered(samples.session, _nth_of(samples.session) // self.size)
                full = np.bincount(piece) == self.size
                return np.where(full[piece], piece, -1)


def _numbered(session: Ints, part: Ints) -> Ints:
    pairs = np.column_stack([session, part])
    return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _nth_of(session: Ints) -> Ints:
    """Each sample's place within its session, from 0; sessions stand together."""
    starts = np.flatnonzero(np.diff(session, prepend=-1))
    return np.arange(len(session)) - np.repeat(starts, np.diff(starts, append=len(session)))
