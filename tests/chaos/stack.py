"""A running Glasshouse for one seed: broker and proxy, ClickHouse, workers, loaders, producers."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from deploy.policy.publish import publish_policies
from deploy.process import spawn
from events.kafka import create_topics, wait_for_kafka
from events.settings import Settings
from sinks.prepare import prepare
from sinks.warehouse import open_warehouse
from streams.keys import KeyRing, save_keys
from tests.chaos.broken import Break
from tests.chaos.kafka import Kafka
from tests.chaos.processes import Place
from tests.chaos.producer import Bench
from tests.containers.cluster import remove_topics
from tests.end_to_end.stack import Running, Stack, environ
from tests.kit.clickhouse_process import ClickHouseOverHttp

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

PARTITIONS = 4
_WORKERS = 2
_PRODUCERS = 2
#: Small takes and blocks, so that a fault finds something half done; short sessions, so that
#: partitions move soon (Kafka takes no less than a second here).
_SETTINGS = {
    "take_messages": 16,
    "take_within_ms": 20,
    "insert_rows": 5_000,
    "insert_age_ms": 200,
    "group_session_timeout_s": 2.0,
    "kafka_partitions": PARTITIONS,
}


@dataclass(slots=True)
class ChaosStack:
    """``network`` and ``database`` are held by whoever does something to broker or ClickHouse."""

    stack: Stack
    kafka: Kafka
    clickhouse: ClickHouseOverHttp
    client: Client
    workers: list[Place] = field(default_factory=list)
    loaders: list[Place] = field(default_factory=list)
    producers: list[Place] = field(default_factory=list)
    benches: list[Bench] = field(default_factory=list)
    # Linux ends a process whose parent *thread* ends: all are started by one that stays.
    starter: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "starter"))
    network: threading.Lock = field(default_factory=threading.Lock)
    database: threading.Lock = field(default_factory=threading.Lock)

    @property
    def settings(self) -> Settings:
        return self.stack.settings

    @property
    def places(self) -> list[Place]:
        return [*self.workers, *self.loaders, *self.producers]

    def start(self) -> None:
        """Start all but the spare worker; returns when the producers are ready to publish."""
        for place in (*self.workers[:_WORKERS], *self.loaders, *self.producers):
            place.start()

    def begin(self) -> float:
        """Have the producers publish; the moment at which they begin, wall time in s."""
        begun_s = time.time() + 0.5
        for bench in self.benches:
            bench.begin(begun_s)
        return begun_s

    def start_second_loader(self) -> Running:
        """One with a group of its own, which reads everything again; whoever asks ends it."""
        group = f"{self.settings.group_prefix}-{len(self.stack.running)}"
        return self.starter.submit(lambda: self.stack.start("load", group_prefix=group)).result()

    def by_the_starter(self, begin: Callable[[int], Running]) -> Callable[[int], Running]:
        """``begin``, as the starter does it."""
        return lambda life: self.starter.submit(begin, life).result()

    def is_publishing(self) -> bool:
        """Whether there is something that was not published yet."""
        return not all(place.has_finished() for place in self.producers)

    def look_after(self) -> list[str]:
        """Start what gave up on a server; what others said that ended by themselves."""
        return [said for place in self.places if (said := place.look_after())]

    def insert_failures(self) -> int:
        """How often loaders have written that an insert failed."""
        logs = self.stack.log_dir.glob("*load*.log")
        return sum(log.read_text(errors="replace").count("insert failed") for log in logs)


@contextmanager
def chaos_stack(
    folder: Path,
    kafka: Kafka,
    ring: KeyRing,
    *,
    loaders: int,
    clocks_ms: Sequence[int],
    broken: Break | None,
) -> Iterator[ChaosStack]:
    """A stack with empty topics and tables, and nothing started. All is killed in the end."""
    (folder / "logs").mkdir(parents=True)
    keys = folder / "keys.json"
    save_keys(ring, keys)
    with ClickHouseOverHttp(folder / "tables") as clickhouse:
        prefix = f"chaos-{uuid4().hex[:12]}"
        own = {"key_file": keys, "clickhouse_url": clickhouse.url, "group_prefix": prefix}
        admin = wait_for_kafka(Settings(kafka_servers=kafka.proxy.servers))
        remove_topics(admin)
        stack = Stack(folder, kafka.proxy.servers, admin, {**_SETTINGS, **own})
        create_topics(admin, stack.settings)
        publish_policies(stack.settings)
        with open_warehouse(stack.settings) as warehouse:
            prepare(warehouse.client, stack.settings)
            chaos = ChaosStack(stack, kafka, clickhouse, warehouse.client)
            _put_in_place(chaos, loaders, clocks_ms, broken)
            try:
                yield chaos
            finally:
                chaos.starter.shutdown(wait=True)  # from now on nothing can be started
                for place in chaos.places:
                    if place.running is not None:
                        place.running.process.kill()
                        place.running.process.wait()
                for one in stack.running:
                    one.process.kill()
                    one.process.wait()


def _put_in_place(
    chaos: ChaosStack, loaders: int, clocks_ms: Sequence[int], broken: Break | None
) -> None:
    stack, how = chaos.stack, [broken.value] if broken else []
    started = iter(range(10**6))  # workers of all places together

    def worker(life: int) -> Running:
        clock_ms = clocks_ms[next(started) % len(clocks_ms)]
        if not clock_ms and not how:
            return stack.start("worker")
        return stack.start_module("tests.chaos.launch", "worker", clock_ms, life, *how)

    def loader(life: int) -> Running:
        if not how:
            return stack.start("load")
        return stack.start_module("tests.chaos.launch", "load", 0, life, *how)

    one_of = chaos.by_the_starter
    chaos.workers += [Place(f"worker {n + 1}", one_of(worker)) for n in range(_WORKERS + 1)]
    chaos.loaders += [Place(f"loader {n + 1}", one_of(loader)) for n in range(loaders)]
    for number in range(_PRODUCERS):
        bench = Bench(stack.folder / f"producer-{number + 1}")
        chaos.benches.append(bench)
        chaos.producers.append(_producer(chaos, bench))


def _producer(chaos: ChaosStack, bench: Bench) -> Place:
    log_file = chaos.stack.log_dir / f"{bench.folder.name}.log"
    module = [sys.executable, "-m", "tests.chaos.producer"]

    def begin(_: int) -> Running:
        command = [*module, chaos.stack.servers, str(bench.folder)]
        return Running(spawn(command, log_file, environ()), log_file, 0)

    return Place(bench.folder.name, chaos.by_the_starter(begin))
