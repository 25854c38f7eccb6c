"""The simulation as phases: what people say, then messages, in the order that makes counts exact.

    phase 1   everyone who shares has seen the
              notice, and grants                   the first half of the working hours
    phase 2   some withdraw, some pause            the third quarter
    phase 3   those who paused resume              the rest

Consent is judged as of the moment a worker handles a message. So the expectation holds exactly if
a phase's words go out only when the workers have handled the phase before, and its messages only
when the workers' ledger holds them. Sent without waiting, what is withheld of the people who
withdraw or pause depends on that race; every other count still holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from events.batch import InteractionBatch
from events.codec import Codec
from events.consent import Word
from events.policy import Policy
from producers.sealer import Sealer
from producers.simulation.broken import Fault, break_batch
from producers.simulation.config import SimulationConfig
from producers.simulation.expectation import Expectation, Message
from producers.simulation.generate import SLICES_PER_DAY, Generator, generator_of
from producers.simulation.hours import OPENS_MS, SLICE_MS
from producers.simulation.organisation import Organisation, organisation
from producers.simulation.people import grants, half_way, resumes

_FAULTS = tuple(Fault)


@dataclass(frozen=True, slots=True)
class Phase:
    """``messages`` can be iterated once, and before the next phase is asked for."""

    title: str
    words: list[Word] = field(repr=False)
    messages: Iterator[Message] = field(repr=False)


@dataclass(slots=True)
class Simulation:
    """One run of a configuration. ``expected`` is told by whoever sends what was sent
    (``publish_simulation`` does)."""

    people: Organisation
    expected: Expectation
    _generator: Generator = field(repr=False)
    _policy: Policy = field(repr=False)
    _codec: Codec = field(repr=False)
    _sealer: Sealer = field(repr=False)
    _messages_made: int = 0
    _events_made: int = 0

    @staticmethod
    def of(config: SimulationConfig, policy: Policy, codec: Codec, sealer: Sealer) -> Simulation:
        """Raises ``InputError`` where more events are asked for than people can make."""
        people = organisation(config, policy)
        # A message that is refused whole counts as one event, whatever it would have held.
        generator = generator_of(people, lost_share=config.broken_share)
        return Simulation(people, Expectation(policy), generator, policy, codec, sealer)

    @property
    def config(self) -> SimulationConfig:
        return self.people.config

    def phases(self) -> Iterator[Phase]:
        """The three phases, in order. For one use."""
        end = self.config.days * SLICES_PER_DAY
        half, later = end // 2, end * 3 // 4
        granted = grants(self.people, self._policy, self.config.start_ms)
        changed = half_way(self.people, self._begin_ms(half))
        resumed = resumes(self.people, self._begin_ms(later))
        yield Phase("everyone who shares has granted", granted, self._messages(0, half))
        yield Phase("some withdraw, some pause", changed, self._messages(half, later))
        yield Phase("those who paused resume", resumed, self._messages(later, end))

    def _messages(self, first: int, end: int) -> Iterator[Message]:
        limit = self.config.events
        for batch in self._generator.batches(first, end):
            message = self._message(batch)
            left = limit - self._events_made
            if limit and len(message) > left:
                if not left:
                    return
                message = cut_short(batch, left)
            self._messages_made += 1
            self._events_made += len(message)
            yield message

    def _message(self, batch: InteractionBatch) -> Message:
        """The batch, or in the place of every so manieth a broken message, each kind in turn."""
        share, number = self.config.broken_share, self._messages_made
        if int((number + 1) * share) == int(number * share):
            return batch
        fault = _FAULTS[int(number * share) % len(_FAULTS)]
        return break_batch(batch, fault, self._codec, self._sealer)

    def _begin_ms(self, number: int) -> int:
        day, of_day = divmod(number, SLICES_PER_DAY)
        return self.config.workdays_ms[day] + OPENS_MS + of_day * SLICE_MS


def cut_short(batch: InteractionBatch, events: int) -> InteractionBatch:
    """The first ``events`` events of a batch."""
    return replace(batch, columns={name: part[:events] for name, part in batch.columns.items()})
