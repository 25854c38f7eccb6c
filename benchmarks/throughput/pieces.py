"""What the events are made of: recorded sessions, cut into pieces as long as the sessions of a live
producer. Where there are no recordings, simulated people in their place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from events.batch import InteractionBatch
from events.codec import Codec
from events.policy import BUNDLED_POLICY, load_policy
from producers.batches import EventColumns
from producers.recordings import Format, Screen
from producers.sealer import Sealer

#: So many events are 27 minutes of somebody who makes 5 a second; each piece is of another person,
#: so a sealed name is opened, and a secret looked up, once in so many events: more often than if
#: people worked all day under one session.
PIECE_EVENTS = 8_192

#: 2026-03-02, a Monday, 00:00 UTC. Only how times lie within a session matters.
_SIMULATED_DAY_MS = 1_772_409_600_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Events that begin at time 0. ``digest`` tells them from all others."""

    columns: EventColumns = field(repr=False)
    screen: Screen
    digest: bytes = field(repr=False)

    def __len__(self) -> int:
        return len(self.columns)


def recorded(folder: Path) -> list[Piece]:
    """The pieces of all recordings in ``folder``. Raises ``InputError``."""
    from producers.find_recordings import find_recordings

    return [
        piece
        for recording in find_recordings(folder, Format.BALABIT)
        for session in [recording.read()]
        for piece in _cut(session.columns, recording.screen, session.digest)
    ]


def simulated(events: int) -> list[Piece]:
    """Pieces of ``events`` events that nobody made."""
    from producers.simulation.config import SimulationConfig
    from producers.simulation.phases import Simulation

    config = SimulationConfig(
        start_ms=_SIMULATED_DAY_MS,
        events=events,
        employees=max(10, events // (2 * PIECE_EVENTS)),
        teams=1,
        never_share=0.0,
        withdraw_share=0.0,
        pause_share=0.0,
        broken_share=0.0,
    )
    policy = load_policy(BUNDLED_POLICY)
    run = Simulation.of(config, policy, Codec(), Sealer.to_nobody())
    sessions: dict[bytes, list[InteractionBatch]] = defaultdict(list)
    for phase in run.phases():
        for message in phase.messages:
            assert isinstance(message, InteractionBatch), "nothing is broken in this simulation"
            sessions[message.header.session].append(message)
    return [
        piece
        for session, batches in sessions.items()
        for piece in _cut(_joined(batches), _screen(batches[0]), session)
    ]


def first(pieces: Sequence[Piece], events: int) -> list[Piece]:
    """As many of ``pieces`` as have ``events`` events, or all."""
    taken, so_far = [], 0
    for piece in pieces:
        if so_far >= events:
            break
        taken.append(piece)
        so_far += len(piece)
    return taken


def _cut(columns: EventColumns, screen: Screen, digest: bytes) -> Iterator[Piece]:
    for start in range(0, len(columns), PIECE_EVENTS):
        part = {
            each.name: getattr(columns, each.name)[start : start + PIECE_EVENTS]
            for each in fields(EventColumns)
        }
        part["times_ms"] = part["times_ms"] - part["times_ms"][0]
        yield Piece(EventColumns(**part), screen, digest + start.to_bytes(8, "big"))


def _joined(batches: Sequence[InteractionBatch]) -> EventColumns:
    """A session's events."""
    columns = {
        name: np.concatenate([batch.columns[name] for batch in batches])
        for name in ("action", "x_px", "y_px", "detail", "role")
    }
    return EventColumns(times_ms=np.concatenate([batch.times_ms() for batch in batches]), **columns)


def _screen(batch: InteractionBatch) -> Screen:
    return Screen(batch.header.screen_width_px, batch.header.screen_height_px)
