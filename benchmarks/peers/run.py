"""One run of a peer.

1  broker, ClickHouse and tables are there; the peer's processes start
2  every process has been given an event, and ClickHouse has the accounts of those: from now on
   nobody joins the group, and connections are open
3  the clock starts; all messages, encoded before, go to the broker
4  the clock stops once all rows, windows and accounts can be read
5  what can be read is compared with an independent count; again a few times if it is not the
   same: where events came twice, so many rows are there before the last has come
"""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.peers.environment import ROOT
from benchmarks.peers.feed import Feed
from benchmarks.peers.job import EVENTS, INSERT_EVERY_S, Job, presence
from benchmarks.peers.tables import Filling, Tables, create, filling, read
from benchmarks.peers.work import NO_CONSENT
from benchmarks.processes import cpu_s
from deploy.broker import EmbeddedBroker
from deploy.process import end, spawn
from events.errors import Stop
from events.policy import BUNDLED_POLICY, PurposePolicy, load_policy
from events.vocabulary import POINTER_ACTIONS
from tests.kit.clickhouse_process import ClickHouseOverHttp

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: A look at the tables takes about 10 ms of CPU, so they are seldom: but at the end, for the time.
_SELDOM_S, _OFTEN_S, _NEAR = 0.5, 0.1, 0.9
_KNOCK_S = 0.5
#: Nothing moved for so long: it never will. A worker's join takes a few seconds here.
_PATIENCE_S = 60.0
_FLUSH_S = 60.0
_LOOKS = 10
#: Somebody who has agreed to nothing.
_NOBODY = {"subject": "nobody", "team": "nobody", "time_ms": 0}


@dataclass(frozen=True, slots=True)
class Place:
    """``command`` starts a process of the peer; the job's file and its name are added."""

    command: Sequence[str]
    folder: Path
    partitions: int
    workers: int

    def name(self, worker: int) -> str:
        return f"worker-{worker}"

    def log(self, worker: int) -> Path:
        return self.folder / f"{self.name(worker)}.log"


@dataclass(frozen=True, slots=True)
class Measured:
    """``seconds`` from the first message handed to the broker until all can be read; ``cpu_s`` of
    the peer's processes, the broker and ClickHouse in that time."""

    seconds: float
    cpu_s: float
    found: Tables
    expected: Tables


@dataclass(slots=True)
class Running:
    """A broker, ClickHouse and a peer's processes; ``others`` are the pids of the first two."""

    place: Place
    feed: Feed
    job: Job
    client: Client
    workers: Sequence[subprocess.Popen[bytes]]
    others: Sequence[int]
    on_progress: Callable[[int], None]
    knocked: int = 0

    def check(self) -> None:
        """Raise ``Stop`` if a process of the peer has ended."""
        for number, worker in enumerate(self.workers):
            if worker.poll() is not None:
                log = self.place.log(number)
                raise Stop(f"the peer ended with status {worker.returncode}: see {log}")

    def wait_until_all_take_part(self) -> None:
        """Send events of nobody until every process has had one and all are accounted for; one
        that is given from process to process meanwhile may be counted by both. Raises ``Stop`` if
        that does not come."""
        present = [presence(self.job, self.place.name(n)).file for n in range(len(self.workers))]
        nobody = json.dumps(_NOBODY).encode()
        sent, give_up_s = 0, time.monotonic() + _PATIENCE_S
        with closing(_Sender(self.job.kafka_servers)) as sender:
            while not all(file.exists() for file in present):
                self.check()
                if time.monotonic() > give_up_s:
                    raise Stop(f"a process of the peer got no event: see {self.place.folder}")
                for partition in range(self.place.partitions):
                    sender.send(partition, b"nobody", nobody, time_ms=1)
                    sent += 1
                time.sleep(_KNOCK_S)
        self._wait(Filling(rows=0, accounted=sent, counted=0))
        time.sleep(2 * INSERT_EVERY_S)
        self.knocked = filling(self.client, self.feed.until_ms).accounted

    def measure(self) -> Measured:
        """Send everything and wait until it can be read. Raises ``Stop`` if that does not come."""
        fates = {**self.feed.expected.fates, NO_CONSENT: self.knocked}
        expected = replace(self.feed.expected, fates=fates)
        whole = Filling(expected.rows, sum(fates.values()), sum(expected.windows.values()))
        with closing(_Sender(self.job.kafka_servers)) as sender:
            before_s, started_s = self._cpu_s(), time.monotonic()
            for each in self.feed.messages:
                sender.send(each.partition, each.key, each.value, each.time_ms)
        for look in range(_LOOKS):
            time.sleep(look * _OFTEN_S)
            ended_s, used_s = self._wait(whole), self._cpu_s() - before_s
            found = read(self.client, self.feed.until_ms)
            if found == expected:
                break
        return Measured(ended_s - started_s, used_s, found, expected)

    def _wait(self, whole: Filling) -> float:
        """When so much could be read, monotonic seconds."""
        last, moved_s = None, time.monotonic()
        while True:
            now = filling(self.client, self.feed.until_ms)
            now_s = time.monotonic()
            if now.reaches(whole):
                return now_s
            self.check()
            self.on_progress(max(0, now.accounted - self.knocked))
            if now != last:
                last, moved_s = now, now_s
            elif now_s - moved_s > _PATIENCE_S:
                raise Stop(
                    f"nothing has moved for {_PATIENCE_S:g} s. Wanted: {whole}. There: {now}. "
                    f"Logs are in {self.place.folder}"
                )
            time.sleep(_OFTEN_S if now.rows >= _NEAR * whole.rows else _SELDOM_S)

    def _cpu_s(self) -> float:
        return sum(cpu_s(pid) for pid in (*(each.pid for each in self.workers), *self.others))


class _Sender:
    """Hands messages to the broker; ``close`` returns when it has them all."""

    def __init__(self, servers: str) -> None:
        self._producer = Producer({"bootstrap.servers": servers, "linger.ms": 20})

    def send(self, partition: int, key: bytes, value: bytes, time_ms: int) -> None:
        while True:
            try:
                self._producer.produce(EVENTS, value, key, partition, timestamp=time_ms)
                return
            except BufferError:
                self._producer.poll(0.01)

    def close(self) -> None:
        if left := self._producer.flush(_FLUSH_S):
            raise Stop(f"the broker did not take {left:,} messages in {_FLUSH_S:g} s")


@contextmanager
def running(
    place: Place, feed: Feed, limits: PurposePolicy, on_progress: Callable[[int], None]
) -> Iterator[Running]:
    """A peer that waits for events, with all that it needs."""
    from clickhouse_connect import get_client

    with ExitStack() as parts:
        broker = parts.enter_context(EmbeddedBroker(place.folder / "broker.log"))
        clickhouse = parts.enter_context(ClickHouseOverHttp(place.folder / "tables"))
        client = get_client(dsn=clickhouse.url, autogenerate_session_id=False)
        parts.callback(client.close)
        create(client)
        _create_topic(broker.servers, place.partitions)
        job = job_of(place, feed, limits, broker.servers, clickhouse.url)
        workers = []
        for number in range(place.workers):
            workers.append(_start(place, job, number))
            parts.callback(end, workers[-1], 5.0)
        others = [pid for pid in (broker.pid, clickhouse.pid) if pid is not None]
        yield Running(place, feed, job, client, workers, others, on_progress)


def _start(place: Place, job: Job, number: int) -> subprocess.Popen[bytes]:
    file = place.folder / "job.json"
    job.write(file)
    command = [*place.command, str(file), place.name(number)]
    return spawn(command, place.log(number), {"PYTHONPATH": str(ROOT)})


def job_of(place: Place, feed: Feed, limits: PurposePolicy, servers: str, url: str) -> Job:
    """What the peer's processes are told; the key is new."""
    return Job(
        kafka_servers=servers,
        clickhouse_url=url,
        partitions=place.partitions,
        granted=feed.subjects,
        actions=tuple(sorted(map(int, limits.action_codes))),
        pointer_actions=tuple(map(int, POINTER_ACTIONS)),
        applications=load_policy(BUNDLED_POLICY).applications,
        grid_px=limits.grid_px,
        tick_ms=limits.tick_ms,
        key=secrets.token_hex(32),
        folder=str(place.folder),
    )


def _create_topic(servers: str, partitions: int) -> None:
    topic = NewTopic(EVENTS, num_partitions=partitions, replication_factor=1)
    admin = AdminClient({"bootstrap.servers": servers})
    for made in admin.create_topics([topic]).values():
        made.result()
