"""The work with Faust: one agent counts each event in a windowed table, another takes many events
at a time for the insert. Runs in the peer's own environment.

https://faust-streaming.github.io/faust/: Tables and Windowing; Streams, ``take()``; Tasks, timers.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import faust

from benchmarks.peers.insert import Inserts
from benchmarks.peers.job import EVENTS, GROUP, INSERT_EVERY_S, WINDOW_MS, presence, told
from benchmarks.peers.work import PASSED, Work

_TAKE = 10_000

job, name = told()
work, present, inserts = Work(job), presence(job, name), Inserts(job)
#: An event of each window that changed since the windows were last inserted.
changed: dict[tuple[str, int], Any] = {}

app = faust.App(
    GROUP,
    broker=f"kafka://{job.kafka_servers}",
    store="memory://",
    topic_partitions=job.partitions,
    table_standby_replicas=0,  # or each worker consumes what the other counts, too
    broker_session_timeout=6.0,
    broker_rebalance_timeout=6.0,
    broker_heartbeat_interval=1.0,
    producer_linger=0.1,  # or each change of the table is a request of its own
    datadir=f"{job.folder}/{name}-state",
)
topic = app.topic(EVENTS, key_type=str, value_serializer="json")
#: Windows are dropped by the wall clock too, and the recordings are laid on another day.
counts = (
    app.Table("team_windows", default=int, partitions=job.partitions)
    .tumbling(timedelta(milliseconds=WINDOW_MS), expires=timedelta(days=30))
    .relative_to_stream()
)


@app.agent(topic)
async def count(stream: Any) -> None:
    async for event in stream.events():
        present.tell()
        value = event.value
        if work.judge(value) == PASSED:
            team, time_ms = value["team"], value["time_ms"]
            counts[team] += 1
            changed[team, time_ms - time_ms % WINDOW_MS] = event


@app.agent(topic)
async def store(stream: Any) -> None:
    async for events in stream.take_events(_TAKE, within=INSERT_EVERY_S):
        rows, judged = [], []
        for event in events:
            fate = work.judge(event.value)
            judged.append((event.message.partition, event.message.offset, fate))
            if fate == PASSED:
                rows.append(work.row(event.value))
        await asyncio.to_thread(inserts.rows, rows)
        await asyncio.to_thread(inserts.accounts, judged)


@app.timer(INSERT_EVERY_S)  # type: ignore[untyped-decorator]
async def insert_windows() -> None:
    """``on_window_close`` would be shorter; with several partitions it forgets windows."""
    rows = []
    for (team, start_ms), event in changed.items():
        value = counts[team].value(event)
        rows.append((team, start_ms, value, value))
    changed.clear()
    await asyncio.to_thread(inserts.windows, rows)
