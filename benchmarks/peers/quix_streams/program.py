"""The work with Quix Streams: a StreamingDataFrame with two branches, a tumbling window, and sinks
of our own. Runs in the peer's own environment.

https://quix.io/docs/quix-streams/: Windowed Aggregations, Branching, Creating a Custom Sink,
Configuring the Checkpointing.
"""

from __future__ import annotations

from typing import Any

from quixstreams import Application
from quixstreams.dataframe.windows import Count
from quixstreams.sinks.base import BaseSink

from benchmarks.peers.insert import Inserts, Judged
from benchmarks.peers.job import (
    EVENTS,
    GRACE_MS,
    GROUP,
    INSERT_EVERY_S,
    WINDOW_MS,
    Job,
    presence,
    told,
)
from benchmarks.peers.work import PASSED, Event, Row, Work


class ClickHouseSink(BaseSink):
    """Gathers until the checkpoint commits. `BatchingSink` would insert each partition by itself:
    four small inserts in the place of one."""

    def __init__(self, job: Job) -> None:
        super().__init__(on_client_connect_success=lambda: None)
        self._job = job
        self._forget()

    def setup(self) -> None:
        self._inserts = Inserts(self._job)

    def on_paused(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._rows: list[Any] = []
        self._judged: list[Judged] = []


class RowsSink(ClickHouseSink):
    """Takes (fate, row) of every event: rows of those that passed, accounts of all."""

    def add(  # noqa: PLR0917 (the framework's)
        self,
        value: Any,
        key: Any,
        timestamp: int,
        headers: Any,
        topic: str,
        partition: int,
        offset: int,
    ) -> None:
        fate, row = value
        self._judged.append((partition, offset, fate))
        if row is not None:
            self._rows.append(row)

    def flush(self) -> None:
        self._inserts.rows(self._rows)
        self._inserts.accounts(self._judged)
        self._forget()


class WindowsSink(ClickHouseSink):
    """Takes closed windows, by team."""

    def add(  # noqa: PLR0917 (the framework's)
        self,
        value: Any,
        key: Any,
        timestamp: int,
        headers: Any,
        topic: str,
        partition: int,
        offset: int,
    ) -> None:
        self._rows.append((key, value["start"], value["events"], offset))

    def flush(self) -> None:
        self._inserts.windows(self._rows)
        self._forget()


def main() -> None:
    job, name = told()
    work, present = Work(job), presence(job, name)

    def judged(event: Event) -> tuple[str, Row | None]:
        present.tell()
        fate = work.judge(event)
        return fate, work.row(event) if fate == PASSED else None

    app = Application(
        broker_address=job.kafka_servers,
        consumer_group=GROUP,
        auto_offset_reset="earliest",
        commit_interval=INSERT_EVERY_S,
        state_dir=f"{job.folder}/{name}-state",
        consumer_extra_config={"session.timeout.ms": 6_000, "heartbeat.interval.ms": 1_000},
    )
    topic = app.topic(EVENTS, key_deserializer="str", value_deserializer="json")
    # The embedded broker does not say how long it keeps a topic, which Quix Streams has to know.
    topic.broker_config.extra_config.setdefault("retention.ms", "-1")
    events = app.dataframe(topic).apply(judged)
    windows = (
        events.filter(_passed)
        .tumbling_window(duration_ms=WINDOW_MS, grace_ms=GRACE_MS)
        .agg(events=Count())
        .final()
    )
    windows.sink(WindowsSink(job))
    events.sink(RowsSink(job))
    app.run()


def _passed(judged: Any) -> bool:
    return bool(judged[0] == PASSED)


if __name__ == "__main__":
    main()
