"""Sends a simulation phase by phase, at full speed or at a pace. No console."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from events.batch import InteractionBatch
from events.clock import Clock, SystemClock
from events.consent import Word
from events.consent_record import ConsentRecord
from producers.pacing import merged, paced
from producers.simulation.expectation import Message
from producers.simulation.phases import Phase, Simulation


class Publisher(Protocol):
    """What a simulation needs of a publisher. All but ``flush`` may return before the broker has
    the message; ``flush`` returns when it has them all."""

    def publish(self, batch: InteractionBatch) -> None: ...

    def publish_words(self, words: Sequence[Word]) -> list[ConsentRecord]: ...

    def publish_bytes(self, key: bytes, value: bytes, events: int) -> None: ...

    def flush(self) -> None: ...


def _nothing(_: object) -> None:
    """The default of a hook."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """Called while sending. Whoever needs the outcome to be exactly as expected waits
    for the workers in the first two: until their ledger holds the phase's words, and until they
    have handled its messages."""

    records_sent: Callable[[Phase], None] = _nothing  # the broker has a phase's words
    messages_sent: Callable[[Phase], None] = _nothing  # the broker has the phase's messages
    progress: Callable[[int], None] = _nothing  # so many more events were handed over
    stopped: Callable[[], bool] = lambda: False  # asked before each message


@dataclass(frozen=True, slots=True)
class Pace:
    """``speed`` times real time. Hours in which nobody works are passed over."""

    speed: float
    clock: Clock = field(default_factory=SystemClock)
    sleep: Callable[[float], None] = time.sleep


def publish_simulation(
    simulation: Simulation, publisher: Publisher, hooks: Hooks, pace: Pace | None = None
) -> bool:
    """Send everything, in order: a phase's words, then its messages, and so on. Whether that
    was all: False if ``hooks.stopped`` ended it. Everything sent is flushed."""
    for phase in simulation.phases():
        publisher.publish_words(phase.words)
        publisher.flush()
        hooks.records_sent(phase)
        publish_messages(simulation, phase, publisher, hooks, pace)
        publisher.flush()
        hooks.messages_sent(phase)
        if hooks.stopped():
            return False
    return True


def publish_messages(
    simulation: Simulation,
    phase: Phase,
    publisher: Publisher,
    hooks: Hooks,
    pace: Pace | None = None,
) -> None:
    """Send the messages of a phase whose words are out; without a flush.

    ``simulation.expected`` is told of the words and of each message that was handed over, also
    where ``hooks.stopped`` or an exception of the publisher's (raised on) ends it early.
    """
    for word in phase.words:
        simulation.expected.hear(word)
    for message in _unless_stopped(phase.messages, hooks.stopped, pace):
        if isinstance(message, InteractionBatch):
            publisher.publish(message)
        else:
            publisher.publish_bytes(message.key, message.value, message.events)
        simulation.expected.see(message)
        hooks.progress(len(message))


def _unless_stopped(
    messages: Iterator[Message], stopped: Callable[[], bool], pace: Pace | None
) -> Iterator[Message]:
    if pace is not None:
        timeline = merged([_dated(messages)])
        yield from paced(timeline, pace.speed, pace.clock, pace.sleep, stopped)
        return
    for message in messages:
        if stopped():
            return
        yield message


def _dated(messages: Iterable[Message]) -> Iterator[tuple[int, Message]]:
    """Messages with when they are due, ms since the first batch. That never steps back: within a
    slice, people follow one another. A broken message is due with the one before it."""
    first_ms: int | None = None
    due_ms = 0
    for message in messages:
        if isinstance(message, InteractionBatch):
            at_ms = message.header.base_time_ms
            first_ms = at_ms if first_ms is None else first_ms
            due_ms = max(due_ms, at_ms - first_ms)
        yield due_ms, message
