"""The batches of a whole organisation: slice of time by slice of time, block of people by block.

Memory holds one block of one slice (about 200,000 events) and a few numbers for each person,
however many people and days there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from events.batch import InteractionBatch
from events.clock import MS_PER_S
from events.errors import InputError
from producers.simulation.act import act
from producers.simulation.batches import Pieces, batches, cut
from producers.simulation.config import MOST_EVENTS_PER_S
from producers.simulation.hours import (
    CLOSES_MS,
    OPENS_MS,
    SLICE_MS,
    Hours,
    Windows,
    hours_of,
    windows,
)
from producers.simulation.organisation import Organisation
from producers.simulation.randomness import Stream, generator, identity_generator, uuids
from producers.simulation.state import State
from producers.simulation.steps import STEPS_PER_SPELL
from producers.simulation.tempo import Tempo

SLICES_PER_DAY = (CLOSES_MS - OPENS_MS) // SLICE_MS

#: Few enough for the processor's caches, enough to spread what a NumPy call costs.
_BLOCK_EVENTS = 200_000

_PILOT_SPELLS = 500


@dataclass(slots=True)
class Generator:
    """One run through the working days. ``block_people`` people are generated at a time."""

    people: Organisation
    tempo: Tempo
    block_people: int
    state: State

    def batches(self, first: int, end: int) -> Iterator[InteractionBatch]:
        """The batches of the slices [first, end), counted through all working days; to be asked
        for in order. Each person's are in order of time; within a slice, others' come between."""
        day = -1
        for number in range(first, end):
            if number // SLICES_PER_DAY != day:
                day = number // SLICES_PER_DAY
                hours = hours_of(self.people, day)
                self.state.sessions.ids = self._session_ids(day)
            for block in range(-(-len(self.people) // self.block_people)):
                yield from self._block(number, block, hours)

    def _block(self, number: int, block: int, hours: Hours) -> Iterator[InteractionBatch]:
        config = self.people.config
        day, of_day = divmod(number, SLICES_PER_DAY)
        since_midnight_ms = OPENS_MS + of_day * SLICE_MS
        members = slice(block * self.block_people, (block + 1) * self.block_people)
        present = windows(hours, members, since_midnight_ms)
        self.state.enter(present, day)
        rng = generator(config, Stream.ACTIVITY, number, block)
        work_ms = self.people.pace[present.person] * (present.end_ms - present.start_ms)
        spells = self.tempo.spells(rng, work_ms)
        if not spells.any():
            self.tempo.passed(float(work_ms.sum()), 0)
            return
        steps, rows = act(rng, self.people, present, spells, self.state)
        self.tempo.passed(float(work_ms.sum()), len(rows))
        first = cut(rows, steps, config.batch_events)
        ids = uuids(identity_generator(config, Stream.BATCH_IDS, number, block), len(first))
        slice_start_ms = config.workdays_ms[day] + since_midnight_ms
        pieces = Pieces(rows, steps, first, ids, slice_start_ms)
        yield from batches(self.people, pieces, self.state.sessions)

    def _session_ids(self, day: int) -> tuple[bytes, bytes]:
        rng = identity_generator(self.people.config, Stream.SESSION_IDS, day)
        return uuids(rng, len(self.people)), uuids(rng, len(self.people))


def events_per_spell(people: Organisation) -> float:
    """Mean number of events of a spell in this organisation, from a trial of 5,000 steps."""
    count = len(people)
    rng = generator(people.config, Stream.PILOT)
    zeros = np.zeros(count, np.int64)
    endless = Windows(np.arange(count), zeros, zeros + 2**30, zeros)
    spells = np.bincount(rng.integers(0, count, _PILOT_SPELLS), minlength=count)
    steps, rows = act(rng, people, endless, spells, State.at_start(people))
    return STEPS_PER_SPELL * len(rows) / len(steps)


def generator_of(people: Organisation, lost_share: float = 0.0) -> Generator:
    """The generator for the organisation's configuration; up to ``lost_share`` of its events will
    not count. Raises ``InputError`` where more are wanted than people without rest would make."""
    config = people.config
    each = events_per_spell(people)
    if config.events:
        days = range(config.days)
        work_ms = sum(float(people.pace @ hours_of(people, day).worked_ms()) for day in days)
        tempo = Tempo.to_reach(config.events / (1 - lost_share), work_ms, each)
    else:
        tempo = Tempo.steady(config.events_per_s / MS_PER_S, each)
    if tempo.events_per_ms > MOST_EVENTS_PER_S / MS_PER_S:
        raise InputError(
            f"{config.events:,} events are more than {config.employees:,} employees make in "
            f"{config.days} working day(s): take more employees or days, or fewer events"
        )
    block_people = max(1, int(_BLOCK_EVENTS / (tempo.events_per_ms * SLICE_MS)))
    return Generator(people, tempo, min(block_people, len(people)), State.at_start(people))
