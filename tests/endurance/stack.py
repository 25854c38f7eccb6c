"""The processes of a long run: broker, producer, workers, loader, and an engine behind HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from confluent_kafka.admin import AdminClient

from deploy.broker import free_port
from deploy.lag import lags
from deploy.policy.publish import publish_policies
from events.errors import Retry
from events.kafka import create_topics, end_offsets, partitions_of, wait_for_kafka
from events.settings import Settings
from events.topics import Topic
from sinks.decode import LOADED_TOPICS
from sinks.prepare import prepare
from sinks.warehouse import open_warehouse
from streams.keys import new_ring, save_keys
from tests.end_to_end.stack import environ
from tests.endurance.brokers import Broker, broker_of
from tests.endurance.supervisor import Supervised
from tests.kit.agreed import agreed
from tests.kit.clickhouse_process import ClickHouseOverHttp

#: As much as a server in `deploy/compose.yaml` may take less a quarter, for what Python adds.
_ENGINE_CONFIG = """<clickhouse>
<max_server_memory_usage>3221225472</max_server_memory_usage>
<mark_cache_size>268435456</mark_cache_size>
<uncompressed_cache_size>0</uncompressed_cache_size>
</clickhouse>"""


@dataclass(slots=True)
class Stack:
    """``running`` by name. ``away``: whether ClickHouse was stopped on purpose."""

    folder: Path
    settings: Settings
    broker: Broker
    clickhouse: ClickHouseOverHttp
    admin: AdminClient
    running: dict[str, Supervised] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    away: bool = False

    def start(self, name: str, module: str, *arguments: object, **settings: object) -> None:
        """Start a process, which is started again whenever it ends."""
        self.ports[name] = free_port()
        shown = {
            key: value
            for key, value in self.settings.model_dump().items()
            if value != Settings.model_fields[key].default
        }
        process = Supervised(
            name,
            [sys.executable, "-m", module, *map(str, arguments)],
            self.folder / f"{name.replace(' ', '-')}.log",
            environ(**{**shown, "metrics_port": self.ports[name], **settings}),
        )
        process.start()
        self.running[name] = process

    def tick(self) -> None:
        for process in self.running.values():
            process.tick()

    def pids(self) -> dict[str, int]:
        """Of all processes that run now, those that are servers too."""
        found = {name: process.pid for name, process in self.running.items()}
        found[self.broker.name] = self.broker.pid
        found["clickhouse"] = None if self.away else self.clickhouse.pid
        return {name: pid for name, pid in found.items() if pid}

    def set_rate(self, events_per_s: float) -> None:
        (self.folder / "rate").write_text(str(events_per_s))

    def progress(self) -> dict[str, Any]:
        """What the producer says of itself; nothing before its first word."""
        with suppress(OSError):
            return dict(json.loads((self.folder / "progress.json").read_text()))
        return {}

    def metrics(self, name: str) -> Mapping[str, list[float]]:
        """What a process exports now, values by metric; nothing while it does not answer."""
        found: dict[str, list[float]] = {}
        url = f"http://127.0.0.1:{self.ports[name]}/metrics"
        with suppress(OSError), urlopen(url, timeout=2) as answer:
            for line in answer.read().decode().splitlines():
                if not line.startswith("#"):
                    metric, _, value = line.rpartition(" ")
                    found.setdefault(metric.partition("{")[0], []).append(float(value))
        return found

    def waiting(self) -> int:
        """Messages that a worker or a loader has not committed, by the groups' offsets and the true
        ends of all topics."""
        groups = {
            self.settings.worker_group: (Topic.RAW, Topic.CONSENT),
            self.settings.loader_group: LOADED_TOPICS,
        }
        left = 0
        for group, topics in groups.items():
            ends = {
                topic: end_offsets(self.settings, topic, partitions_of(self.admin, topic))
                for topic in topics
            }
            try:
                left += sum(lag.messages for lag in lags(self.admin, group, ends))
            except Retry:
                left += 1
        return left

    def end(self) -> None:
        """Stop what was started, the producer first."""
        for name in sorted(self.running, key=lambda name: name != "producer"):
            self.running[name].end()


@contextmanager
def running_stack(
    folder: Path, kafka: str, workers: int, events_per_s: float, **more: object
) -> Iterator[Stack]:
    """All of it, carrying ``events_per_s``; ``more`` are settings of every process. Whatever still
    runs at the end is ended."""
    folder.mkdir(parents=True)
    config = folder / "engine.xml"
    config.write_text(_ENGINE_CONFIG)
    with (
        broker_of(kafka, folder) as broker,
        ClickHouseOverHttp(folder / "clickhouse", config) as clickhouse,
    ):
        settings = Settings(
            kafka_servers=broker.servers,
            clickhouse_url=clickhouse.url,
            data_dir=folder,
            key_file=folder / "keys.json",
            **agreed(),
            **more,
        )
        admin = wait_for_kafka(settings)
        create_topics(admin, settings)
        publish_policies(settings)
        save_keys(new_ring(), settings.keys_path)
        with open_warehouse(settings) as warehouse:
            prepare(warehouse.client, settings)
        stack = Stack(folder, settings, broker, clickhouse, admin)
        stack.set_rate(events_per_s)
        try:
            for number in range(1, workers + 1):
                stack.start("worker" if number == 1 else f"worker {number}", "glasshouse", "worker")
            stack.start("loader", "glasshouse", "load")
            stack.start("producer", "tests.endurance.load", folder)
            yield stack
        finally:
            stack.end()
