"""Sends a simulation phase by phase, at a pace. No console, no clock of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from events.batch import InteractionBatch
from events.clock import MS_PER_MINUTE, MS_PER_S, Clock, SystemClock
from events.consent import ConsentRecord
from producers.simulation.expectation import Message
from producers.simulation.phases import Phase, Simulation


class Publisher(Protocol):
    """What a simulation needs of a publisher. All but ``flush`` may return before the broker has
    the message; ``flush`` returns when it has them all."""

    def publish(self, batch: InteractionBatch) -> None: ...

    def publish_consent(self, record: ConsentRecord) -> None: ...

    def publish_bytes(self, subject: str, value: bytes, events: int) -> None: ...

    def flush(self) -> None: ...


def _nothing(_: object) -> None:
    """The default hook."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """Called by ``publish_simulation``: before each message is sent; when the broker has a phase's
    ledger records, before its messages; when it has the phase's messages. Whoever needs the exact
    expectation waits for the workers in the last two."""

    before_message: Callable[[Message], None] = _nothing
    records_sent: Callable[[Phase], None] = _nothing
    messages_sent: Callable[[Phase], None] = _nothing


def publish_simulation(
    simulation: Simulation, publisher: Publisher, hooks: Hooks | None = None
) -> None:
    """Send everything, in order: a phase's records, then its messages, and so on.

    What was sent is in ``simulation.expected``, also after an exception (KeyboardInterrupt, or
    what the publisher raises) has ended it early; the message at hand is counted then, too.
    """
    hooks = hooks or Hooks()
    for phase in simulation.phases():
        for record in phase.records:
            publisher.publish_consent(record)
        publisher.flush()
        hooks.records_sent(phase)
        for message in phase.messages:
            hooks.before_message(message)
            if isinstance(message, InteractionBatch):
                publisher.publish(message)
            else:
                publisher.publish_bytes(message.subject, message.value, message.events)
        publisher.flush()
        hooks.messages_sent(phase)


@dataclass(slots=True)
class Pace:
    """Waits until a batch is due at ``speed`` times real time. Hours in which nobody works are
    skipped: a gap of more than ``_SKIPPED_MS`` takes no time."""

    speed: float
    clock: Clock = field(default_factory=SystemClock)
    sleep: Callable[[float], None] = time.sleep
    _due_s: float = 0.0
    _latest_ms: int | None = None

    def wait(self, message: Message) -> None:
        """Returns when the message is due; at once for one that is broken."""
        if not isinstance(message, InteractionBatch):
            return
        at_ms = message.header.base_time_ms
        if self._latest_ms is None:
            self._due_s, self._latest_ms = self.clock.monotonic_s(), at_ms
        ahead_ms = max(0, at_ms - self._latest_ms)
        if ahead_ms <= _SKIPPED_MS:
            self._due_s += ahead_ms / MS_PER_S / self.speed
        self._latest_ms += ahead_ms
        left_s = self._due_s - self.clock.monotonic_s()
        if left_s > 0:
            self.sleep(left_s)


_SKIPPED_MS = 60 * MS_PER_MINUTE
