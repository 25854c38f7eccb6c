"""Sends a prepared workload to Kafka, as a process of its own: the machines that people work on.

    python -m benchmarks.throughput.feed FOLDER [EVENTS_PER_S]

It says "ready", begins when it is told so on standard input, and says at the end, as JSON, what
Kafka has. It hands over what is encoded already, with the settings of the product's own producers.
With a rate, FOLDER/due.i64 says when each message was due: if it is handed over later, since the
machine was busy, that is part of how long it takes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import KafkaError, Message, Producer

from benchmarks.throughput import prepared
from benchmarks.throughput.prepared import read_prepared
from events.settings import Settings, resolve
from events.topics import Topic
from producers.client import producer_config

READY = "ready"
_NAP_S = 0.001
_FLUSH_S = 300.0


@dataclass(slots=True)
class Feed:
    """``wire_bytes``: what was sent to brokers, compressed, with what the protocol adds."""

    producer: Producer = field(init=False)
    settings: Settings
    ends: dict[int, int] = field(default_factory=dict)
    failed: int = 0
    wire_bytes: int = 0
    due_ns: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        told = {"stats_cb": self._measured, "statistics.interval.ms": 200}
        self.producer = Producer({**producer_config(self.settings), **told})
        self.producer.list_topics(Topic.RAW.value, timeout=10)

    def send(self, messages: Iterator[prepared.Message], events_per_s: float | None) -> None:
        """Hand over all ``messages``, at a steady rate if one is given, and wait for Kafka."""
        due_s = time.monotonic()
        for key, value, events in messages:
            if events_per_s is not None:
                self._wait_until(due_s)
                self.due_ns.append(round(due_s * 1e9))
                due_s += events / events_per_s
            self._hand_over(key, value)
        self.producer.flush(_FLUSH_S)
        if self.failed or len(self.producer):
            raise RuntimeError(f"{self.failed + len(self.producer)} messages were not delivered")

    def measured(self) -> dict[str, Any]:
        self.producer.poll(0.5)  # the last word of the statistics
        return {"ends": self.ends, "wire_bytes": self.wire_bytes}

    def _hand_over(self, key: bytes, value: bytes) -> None:
        while True:
            try:
                self.producer.produce(Topic.RAW.value, value, key, on_delivery=self._delivered)
                break
            except BufferError:
                self.producer.poll(0.01)
        self.producer.poll(0)

    def _wait_until(self, due_s: float) -> None:
        while (early_s := due_s - time.monotonic()) > 0:
            self.producer.poll(0)
            time.sleep(min(early_s, _NAP_S))

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.failed += 1
            return
        partition, offset = message.partition() or 0, message.offset() or 0
        self.ends[partition] = max(self.ends.get(partition, 0), offset + 1)

    def _measured(self, text: str) -> None:
        self.wire_bytes = json.loads(text)["tx_bytes"]


def main(folder: Path, events_per_s: float | None) -> None:
    messages = read_prepared(folder).messages()
    feed = Feed(resolve().settings)
    _say(READY)
    sys.stdin.readline()
    began_ns, used_s = time.monotonic_ns(), time.process_time()
    feed.send(messages, events_per_s)
    ended_ns = time.monotonic_ns()
    if feed.due_ns:
        np.array(feed.due_ns, dtype="<i8").tofile(folder / "due.i64")
    cpu_s = time.process_time() - used_s
    told = {"began_ns": began_ns, "ended_ns": ended_ns, "cpu_s": cpu_s, **feed.measured()}
    _say(json.dumps(told))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else None)
    except KeyboardInterrupt:
        sys.exit(130)  # who started it says what is to be said
