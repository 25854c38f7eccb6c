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
from producers.simulation.batches import batches, cut
from producers.simulation.config import Stream, generator, identity_generator, uuids
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
from producers.simulation.state import State
from producers.simulation.steps import STEPS_PER_SPELL

SLICES_PER_DAY = (CLOSES_MS - OPENS_MS) // SLICE_MS

#: Few enough for the processor's caches, enough to spread what a NumPy call costs.
_BLOCK_EVENTS = 200_000

#: People who never rest make about twice as many events a second.
_MOST_EVENTS_PER_S = 10.0

_PILOT_SPELLS = 1_000


@dataclass(frozen=True, slots=True)
class Generator:
    """``spells_per_ms`` is how often an average person at work takes something up."""

    people: Organisation
    spells_per_ms: float
    block_people: int

    def batches(self, first: int, end: int, state: State) -> Iterator[InteractionBatch]:
        """The batches of the slices [first, end), counted through all working days. Each person's
        are in order of time; within a slice other people's come between. ``state`` moves on."""
        day = -1
        for number in range(first, end):
            if number // SLICES_PER_DAY != day:
                day = number // SLICES_PER_DAY
                hours = hours_of(self.people, day)
                state.sessions.ids = self._session_ids(day)
            for block in range(-(-len(self.people) // self.block_people)):
                yield from self._block(number, block, hours, state)

    def _block(
        self, number: int, block: int, hours: Hours, state: State
    ) -> Iterator[InteractionBatch]:
        config = self.people.config
        day, of_day = divmod(number, SLICES_PER_DAY)
        since_midnight_ms = OPENS_MS + of_day * SLICE_MS
        members = slice(block * self.block_people, (block + 1) * self.block_people)
        present = windows(hours, members, since_midnight_ms)
        state.enter(present, day)
        rng = generator(config, Stream.ACTIVITY, number, block)
        busy = self.people.pace[present.person] * (present.end_ms - present.start_ms)
        spells = rng.poisson(busy * self.spells_per_ms)
        steps, rows = act(rng, self.people, present, spells, state)
        first = cut(rows, steps, config.batch_events)
        ids = uuids(identity_generator(config, Stream.BATCH_IDS, number, block), len(first))
        start_ms = config.workdays_ms[day] + since_midnight_ms
        yield from batches(self.people, rows, steps, state.sessions, start_ms, ids, first)

    def _session_ids(self, day: int) -> tuple[bytes, bytes]:
        rng = identity_generator(self.people.config, Stream.SESSION_IDS, day)
        return uuids(rng, len(self.people)), uuids(rng, len(self.people))


def events_per_spell(people: Organisation) -> float:
    """Mean number of events of a spell in this organisation, from a trial of 10,000 steps."""
    count = len(people)
    rng = generator(people.config, Stream.PILOT)
    zeros = np.zeros(count, np.int64)
    endless = Windows(np.arange(count), zeros, zeros + 2**30, zeros)
    spells = np.bincount(rng.integers(0, count, _PILOT_SPELLS), minlength=count)
    steps, rows = act(rng, people, endless, spells, State.at_start(people))
    return STEPS_PER_SPELL * len(rows) / len(steps)


def generator_of(people: Organisation) -> Generator:
    """The generator for the organisation's configuration.

    Where that asks for a number of events, a little more is aimed at than asked, so that chance
    does not leave it short. Raises ``InputError`` where people would have to work without rest.
    """
    config = people.config
    each = events_per_spell(people)
    per_s = config.events_per_s
    if config.events:
        days = range(config.days)
        worked_ms = sum(float(people.pace @ hours_of(people, day).worked_ms()) for day in days)
        enough = config.events * 1.03 + 2.5 * np.sqrt(config.events * each)
        per_s = enough / max(worked_ms, 1.0) * MS_PER_S
    if per_s > _MOST_EVENTS_PER_S:
        raise InputError(
            f"{config.events:,} events are more than {config.employees:,} employees make in "
            f"{config.days} working day(s): take more employees or days, or fewer events"
        )
    block_people = max(1, int(_BLOCK_EVENTS / (per_s * SLICE_MS / MS_PER_S)))
    return Generator(people, per_s / MS_PER_S / each, min(block_people, len(people)))
