"""The rows of a workload as a loader holds them before it inserts, and what making them took.

The same messages, takes, output messages and blocks as in a run, with no Kafka in between.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from benchmarks.in_process import InProcess, in_process
from benchmarks.throughput.prepared import Prepared
from events.clock import SystemClock
from events.policy import BUNDLED_POLICY, load_policy
from events.settings import Settings
from sinks.block import Block, Gathering
from sinks.coordinates import Coordinates
from sinks.decode import rows_of
from streams.decode import RawMessage
from streams.emit import Emission
from streams.keys import load_keys


@dataclass(slots=True)
class InMemory:
    """``blocks`` may be iterated once; ``worker_s`` and ``arrow_s`` are then the processor seconds
    that a worker's steps took, and a loader's before the insert."""

    prepared: Prepared
    settings: Settings
    worker_s: float = 0.0
    arrow_s: float = 0.0
    _gathering: Gathering = field(default_factory=Gathering)

    def blocks(self) -> Iterator[Block]:
        """All rows, in blocks of the product's size."""
        policy, ring = load_policy(BUNDLED_POLICY), load_keys(self.prepared.keys)
        now_ms = SystemClock().now_ms()
        steps = in_process(self.prepared.people(), policy, ring, now_ms)
        for messages in self._takes(now_ms):
            began_s = time.process_time()
            emissions = list(steps.emissions(messages, now_ms))
            self.worker_s += time.process_time() - began_s
            yield from self._full(steps, emissions, now_ms)
        yield self._gathering.take()

    def _takes(self, now_ms: int) -> Iterator[list[RawMessage]]:
        messages = (
            RawMessage(offset, now_ms, value)
            for offset, (_, value, _) in enumerate(self.prepared.messages())
        )
        while taken := list(islice(messages, self.settings.take_messages)):
            yield taken

    def _full(self, steps: InProcess, emissions: list[Emission], now_ms: int) -> Iterator[Block]:
        for number, emission in enumerate(emissions):
            began_s = time.process_time()
            at = Coordinates(emission.topic, "benchmark", 0, number, now_ms)
            rows = rows_of(steps.rules.codec, at, emission.value)
            self._gathering.add(at, rows, 0.0)
            block = (
                self._gathering.take()
                if self._gathering.is_full(self.settings.insert_rows)
                else None
            )
            self.arrow_s += time.process_time() - began_s
            if block is not None:
                yield block
