"""Many people from few recordings: each copy of each piece is a session of a person of its own.

Within a copy all people work at the same time, so their batches come in turns: person 1's first
batch, person 2's first batch, and so on. Copies begin a whole minute apart, so what one copy leads
to, every copy does, later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from benchmarks.throughput.pieces import Piece, first
from events.batch import InteractionBatch
from events.clock import MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE
from events.vocabulary import OTHER_APPLICATION, Origin, Surface
from producers.batches import Session, cut

COPY_SHIFT_MS = MS_PER_MINUTE
_TEAM_PEOPLE = 20


def yesterday_ms(now_ms: int) -> int:
    """When the first copy begins: 09:00 UTC, two days ago, so that all is over, and is kept."""
    return now_ms - now_ms % MS_PER_DAY - 2 * MS_PER_DAY + 9 * MS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Workload:
    """``first_ms`` is a whole minute. ``title`` says what the events are, and if they are
    simulated."""

    title: str
    pieces: Sequence[Piece] = field(repr=False)
    copies: int
    batch_events: int
    first_ms: int

    @staticmethod
    def of(
        title: str, pieces: Sequence[Piece], events: int, batch_events: int, first_ms: int
    ) -> Workload:
        """At least ``events`` events: some of the pieces, or so many copies of all."""
        some = first(pieces, events)
        copies = -(-events // sum(map(len, some)))
        return Workload(title, some, copies, batch_events, first_ms)

    @property
    def events(self) -> int:
        return self.copies * sum(map(len, self.pieces))

    def subjects(self) -> Iterator[str]:
        """Everybody, once."""
        for copy in range(self.copies):
            for place in range(len(self.pieces)):
                yield _subject(copy, place)

    def batches(self) -> Iterator[InteractionBatch]:
        """All batches, unsealed, one copy after the other. The same every time."""
        for copy in range(self.copies):
            people = [
                cut(piece.columns, self._session(copy, place, piece), self.batch_events)
                for place, piece in enumerate(self.pieces)
            ]
            for turn in zip_longest(*people):
                yield from (batch for batch in turn if batch is not None)

    def _session(self, copy: int, place: int, piece: Piece) -> Session:
        return Session(
            subject=_subject(copy, place),
            name=f"piece-{place}",
            start_ms=self.first_ms + copy * COPY_SHIFT_MS,
            team=f"team-{(copy * len(self.pieces) + place) // _TEAM_PEOPLE:05d}",
            application=OTHER_APPLICATION,
            surface=Surface.DESKTOP,
            origin=Origin.REPLAY,
            screen_width_px=piece.screen.width_px,
            screen_height_px=piece.screen.height_px,
            recording=piece.digest,
        )


def _subject(copy: int, place: int) -> str:
    return f"employee-{copy:04d}-{place:05d}"
