"""The work without a framework: consume, judge each event, count in a dictionary, insert once a
second, commit. A message is an event, or an array of events. Runs in the peer's own environment.

https://docs.confluent.io/kafka-clients/python/: synchronous commits. A restart would lose the
counts of windows that are not complete: a framework's state is what this leaves out.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson
from confluent_kafka import Consumer

from benchmarks.peers.insert import Inserts, Judged
from benchmarks.peers.job import EVENTS, GROUP, INSERT_EVERY_S, WINDOW_MS, Job, presence, told
from benchmarks.peers.work import PASSED, Row, Work

#: Few enough that an insert is not late where each is a batch.
_MESSAGES = 100


@dataclass(slots=True)
class Pending:
    """What waits for the next insert. ``counts`` are of windows since the start, ``changed`` are
    those that are not inserted as they are."""

    counts: Counter[tuple[str, int]]
    rows: list[Row] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    changed: set[tuple[str, int]] = field(default_factory=set)

    def take(self, message: Any, work: Work) -> None:
        partition, offset = message.partition(), message.offset()
        found = orjson.loads(message.value())
        for event in found if isinstance(found, list) else (found,):
            fate = work.judge(event)
            self.judged.append((partition, offset, fate))
            if fate == PASSED:
                self.rows.append(work.row(event))
                window = event["team"], event["time_ms"] - event["time_ms"] % WINDOW_MS
                self.counts[window] += 1
                self.changed.add(window)

    def insert(self, inserts: Inserts) -> None:
        counts = self.counts
        inserts.rows(self.rows)
        inserts.windows([(*window, counts[window], counts[window]) for window in self.changed])
        inserts.accounts(self.judged)


def main() -> None:
    job, name = told()
    work, present, inserts = Work(job), presence(job, name), Inserts(job)
    consumer = _consumer(job)
    pending, inserted_s = Pending(Counter()), time.monotonic()
    while True:
        for message in consumer.consume(_MESSAGES, timeout=0.1):
            if message.error() is None:
                present.tell()
                pending.take(message, work)
        if pending.judged and time.monotonic() - inserted_s > INSERT_EVERY_S:
            pending.insert(inserts)
            consumer.commit(asynchronous=False)
            pending, inserted_s = Pending(pending.counts), time.monotonic()


def _consumer(job: Job) -> Consumer:
    settings = {
        "bootstrap.servers": job.kafka_servers,
        "group.id": GROUP,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": 6_000,
        "heartbeat.interval.ms": 1_000,
    }
    consumer = Consumer(settings)
    consumer.subscribe([EVENTS])
    return consumer


if __name__ == "__main__":
    main()
