"""How fast a simulation comes, with nothing sent: columns alone, and encoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from events.batch import SCHEMA, InteractionBatch, to_record
from events.clock import Clock
from events.codec import Codec
from producers.sealer import Sealer
from producers.simulation.phases import Simulation


@dataclass(frozen=True, slots=True)
class Rates:
    """``columns_s`` made the batches, ``encoding_s`` more their Avro messages; one core."""

    events: int
    columns_s: float
    encoding_s: float
    message_bytes: int

    @property
    def columns_events_per_s(self) -> float:
        return self.events / self.columns_s if self.columns_s else 0.0

    @property
    def encoded_events_per_s(self) -> float:
        seconds = self.columns_s + self.encoding_s
        return self.events / seconds if seconds else 0.0


def measure(
    simulation: Simulation,
    codec: Codec,
    sealer: Sealer,
    clock: Clock,
    progress: Callable[[int], None],
) -> Rates:
    """Generate and encode everything; ``simulation.expected`` is told as if it had been sent."""
    events = size = 0
    encoding_s = 0.0
    started_s = clock.monotonic_s()
    for phase in simulation.phases():
        for record in phase.words:
            simulation.expected.hear(record)
        for message in phase.messages:
            encode_s = clock.monotonic_s()
            if isinstance(message, InteractionBatch):
                size += len(codec.encode(SCHEMA, to_record(sealer.sealed(message))))
            else:
                size += len(message.value)
            encoding_s += clock.monotonic_s() - encode_s
            events += len(message)
            simulation.expected.see(message)
            progress(len(message))
    return Rates(events, clock.monotonic_s() - started_s - encoding_s, encoding_s, size)
