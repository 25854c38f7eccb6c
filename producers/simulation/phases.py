"""The simulation as phases: ledger records, then messages, in the order that makes counts exact.

    phase 1   everyone who shares grants           the first half of the working hours
    phase 2   some withdraw, some pause            the third quarter
    phase 3   those who paused resume              the rest

Consent is judged as of the moment a worker handles a message. So the expectation holds exactly if
a phase's records go out only when the workers have handled the phase before, and its messages only
when the workers' ledger holds the records. Sent without waiting, what is withheld of the people who
withdraw or pause depends on that race; every other count still holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from events.batch import InteractionBatch
from events.codec import Codec
from events.consent import ConsentRecord
from events.policy import Policy
from producers.simulation.broken import Fault, break_batch
from producers.simulation.config import SimulationConfig
from producers.simulation.expectation import Expectation, Message
from producers.simulation.generate import SLICES_PER_DAY, Generator, generator_of
from producers.simulation.hours import OPENS_MS, SLICE_MS
from producers.simulation.organisation import Organisation, organisation
from producers.simulation.people import grants, half_way, resumes
from producers.simulation.state import State

_FAULTS = tuple(Fault)


@dataclass(frozen=True, slots=True)
class Phase:
    """``messages`` can be iterated once, and before the next phase is asked for."""

    title: str
    records: tuple[ConsentRecord, ...] = field(repr=False)
    messages: Iterator[Message] = field(repr=False)


@dataclass(slots=True)
class Simulation:
    """One run of a configuration. ``expected`` covers what has been taken from the phases."""

    people: Organisation
    generator: Generator
    codec: Codec
    policy: Policy
    expected: Expectation
    _state: State = field(repr=False)

    @staticmethod
    def of(config: SimulationConfig, policy: Policy, codec: Codec) -> Simulation:
        """Raises ``InputError`` where more events are asked for than people can make."""
        people = organisation(config, policy)
        return Simulation(
            people,
            generator_of(people),
            codec,
            policy,
            Expectation(policy),
            State.at_start(people),
        )

    @property
    def config(self) -> SimulationConfig:
        return self.people.config

    def phases(self) -> Iterator[Phase]:
        """The three phases, in order. For one use."""
        slices = self.config.days * SLICES_PER_DAY
        half, later = slices // 2, slices * 3 // 4
        opening_ms = self.config.start_ms
        people, policy = self.people, self.policy
        yield self._phase("granted", grants(people, policy, opening_ms), 0, half)
        yield self._phase(
            "withdrawn and paused", half_way(people, self._begin_ms(half)), half, later
        )
        yield self._phase("resumed", resumes(people, self._begin_ms(later)), later, slices)

    def _phase(self, title: str, records: tuple[ConsentRecord, ...], first: int, end: int) -> Phase:
        for record in records:
            self.expected.hear(record)
        return Phase(title, records, self._messages(first, end))

    def _messages(self, first: int, end: int) -> Iterator[Message]:
        limit = self.config.events or None
        for batch in self.generator.batches(first, end, self._state):
            message = self._message(batch)
            if limit is not None:
                left = limit - self.expected.events_in
                if left <= 0:
                    return
                if len(message) > left:
                    message = cut_short(batch, left)
            self.expected.see(message)
            yield message

    def _message(self, batch: InteractionBatch) -> Message:
        """The batch, or in the place of every so manieth a broken message, each kind in turn."""
        share, sent = self.config.broken_share, self.expected.messages
        if int((sent + 1) * share) == int(sent * share):
            return batch
        return break_batch(batch, _FAULTS[int(sent * share) % len(_FAULTS)], self.codec)

    def _begin_ms(self, number: int) -> int:
        day, of_day = divmod(number, SLICES_PER_DAY)
        return self.config.workdays_ms[day] + OPENS_MS + of_day * SLICE_MS


def cut_short(batch: InteractionBatch, events: int) -> InteractionBatch:
    """The first ``events`` events of a batch."""
    return replace(batch, columns={name: part[:events] for name, part in batch.columns.items()})
