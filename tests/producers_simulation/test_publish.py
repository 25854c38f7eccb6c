"""Sending a simulation: order, stops and pace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from events.batch import InteractionBatch
from events.clock import MS_PER_MINUTE, MS_PER_S, FixedClock
from events.consent import Word
from events.consent_record import ConsentRecord
from producers.simulation.phases import Phase
from producers.simulation.publish import Hooks, Pace, publish_simulation
from tests.producers_simulation.organisations import config, simulation

_CHOSEN = config(
    events=20_000, never_share=0.1, withdraw_share=0.1, pause_share=0.1, broken_share=0.05
)


@dataclass
class _Recorder:
    """A publisher that notes what it is told, by kind."""

    log: list[tuple[str, Any]] = field(default_factory=list)
    fails_at: int = 2**31

    def publish(self, batch: InteractionBatch) -> None:
        self._note("batch", batch)

    def publish_words(self, words: Sequence[Word]) -> list[ConsentRecord]:
        for word in words:
            self._note("consent", word)
        return []

    def publish_bytes(self, key: bytes, value: bytes, events: int) -> None:
        assert len(key) == 16
        self._note("bytes", (value, events))

    def flush(self) -> None:
        self._note("flush", None)

    def _note(self, kind: str, what: Any) -> None:
        if len(self.log) >= self.fails_at:
            raise OSError("the broker is away")
        self.log.append((kind, what))

    @property
    def kinds(self) -> list[str]:
        """The kinds in order, each run of one kind once."""
        kinds = ["data" if kind in ("batch", "bytes") else kind for kind, _ in self.log]
        return [kind for n, kind in enumerate(kinds) if n == 0 or kinds[n - 1] != kind]

    def events(self) -> int:
        batches: list[int] = [len(what) for kind, what in self.log if kind == "batch"]
        broken: list[int] = [what[1] for kind, what in self.log if kind == "bytes"]
        return sum(batches) + sum(broken)


def test_records_are_flushed_before_the_messages_they_are_about() -> None:
    publisher = _Recorder()
    assert publish_simulation(simulation(_CHOSEN), publisher, Hooks())
    assert publisher.kinds == ["consent", "flush", "data", "flush"] * 3
    assert publisher.events() == 20_000


def test_the_hooks_see_each_phase_when_the_broker_has_it() -> None:
    publisher, seen = _Recorder(), []

    def note(when: str) -> Any:
        return lambda phase: seen.append((when, phase.title, publisher.log[-1][0]))

    made, events = simulation(_CHOSEN), 0

    def count(more: int) -> None:
        nonlocal events
        events += more

    publish_simulation(made, publisher, Hooks(note("records"), note("messages"), count))
    assert [when for when, _, _ in seen] == ["records", "messages"] * 3
    assert {last for _, _, last in seen} == {"flush"}
    assert len({title for _, title, _ in seen}) == 3
    assert events == made.expected.events_in == 20_000


def test_a_stop_ends_it_after_the_message_at_hand_and_flushes() -> None:
    publisher, made = _Recorder(), simulation(_CHOSEN)
    left = iter(range(1_000))
    hooks = Hooks(stopped=lambda: next(left) >= 10)
    assert not publish_simulation(made, publisher, hooks)
    assert publisher.kinds == ["consent", "flush", "data", "flush"]
    assert made.expected.messages == 10
    assert made.expected.events_in == publisher.events()


def test_after_a_failure_of_the_publisher_what_was_handed_over_is_counted() -> None:
    publisher, made = _Recorder(fails_at=100), simulation(_CHOSEN)
    with pytest.raises(OSError, match="away"):
        publish_simulation(made, publisher, Hooks())
    assert len(publisher.log) == 100
    assert made.expected.events_in == publisher.events()


def test_at_a_pace_messages_come_when_they_are_due() -> None:
    clock = FixedClock(0)

    def sleep(seconds: float) -> None:
        clock.at_ms += max(1, round(seconds * MS_PER_S))

    sent: list[tuple[int, int]] = []

    class _Timed(_Recorder):
        def publish(self, batch: InteractionBatch) -> None:
            super().publish(batch)
            sent.append((clock.at_ms, batch.header.base_time_ms))

    phases: list[Phase] = []
    hooks = Hooks(messages_sent=phases.append, stopped=lambda: bool(phases))
    speed = 60.0
    publish_simulation(simulation(_CHOSEN), _Timed(), hooks, Pace(speed, clock, sleep))
    times = np.maximum.accumulate([time for _, time in sent])  # people follow one another
    steps = np.minimum(np.diff(times, prepend=times[0]), 10 * MS_PER_MINUTE)
    due = np.cumsum(steps) / speed
    waited = np.array([at for at, _ in sent])
    assert len(sent) > 20
    assert due[-1] > 60_000
    assert np.abs(waited - due).max() < 200  # naps are rounded to ms
