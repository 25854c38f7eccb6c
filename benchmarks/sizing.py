"""The table of deploy/SIZING.md, computed: run this file to print it.

Every figure follows from the assumptions and measurements below, the policy and the topics.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from events.clock import MS_PER_DAY
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import Purpose
from events.topics import SPEC, Topic

# Assumptions.
EVENTS_PER_S = 5.0  # of a person at work, over the day
BATCH_S = 5.0
HOURS_A_DAY = 8.0
WORKING_SHARE = 5 / 7  # of the days that are kept
PEAK = 2.0  # the busiest minutes over the average of the day
KAFKA_REPLICAS = 3
CLICKHOUSE_REPLICAS = 2
DISK_USE = 0.7  # what is left is for merges, and for a bad day

# Measured: the larger of two inputs, see SIZING.md.
RAW_BYTES_A_MESSAGE = 317 + 116  # measured before subjects were sealed
TRAINING_TOPIC_BYTES_AN_EVENT = 3.7
WINDOWS_TOPIC_BYTES_A_MESSAGE = 20
ACCOUNTING_TOPIC_BYTES_A_MESSAGE = 26
TRAINING_BYTES_A_ROW = 2.6
PARTIAL_BYTES_A_ROW = 13
PARTIALS_A_MESSAGE = 1.1
ACCOUNTING_BYTES_A_ROW = 9
CHAIN_BYTES_A_ROW = 1.2
ACCOUNTING_ROWS_A_MESSAGE = 2

# Taken for planning, see SIZING.md.
WORKER_EVENTS_PER_S = 50_000
LOADER_ROWS_PER_S = 150_000
SHARD_BYTES = 10e12  # a node's disk that is still quick to replace

#: Partitions: numbers that many workers can share evenly.
_STEPS = (4, 12, 24, 48, 96, 192, 384, 768, 1_536)


@dataclass(frozen=True, slots=True)
class Size:
    """The defaults are those of the table; a benchmark has its own."""

    employees: int
    batch_s: float = BATCH_S
    worker_events_per_s: float = WORKER_EVENTS_PER_S
    raw_bytes_a_message: float = RAW_BYTES_A_MESSAGE
    training_bytes_a_row: float = TRAINING_BYTES_A_ROW

    @property
    def events_per_s(self) -> float:
        return self.employees * EVENTS_PER_S

    @property
    def messages_per_s(self) -> float:
        return self.employees / self.batch_s

    @property
    def messages_a_day(self) -> float:
        return self.messages_per_s * HOURS_A_DAY * 3_600

    @property
    def rows_a_day(self) -> float:
        """Of training.interactions."""
        return self.events_per_s * HOURS_A_DAY * 3_600

    @property
    def workers(self) -> int:
        return max(2, math.ceil(self.events_per_s * PEAK / self.worker_events_per_s))

    @property
    def loaders(self) -> int:
        return max(2, math.ceil(self.events_per_s * PEAK / LOADER_ROWS_PER_S))

    @property
    def partitions(self) -> int:
        """Room for twice the workers that are needed now."""
        return next(step for step in _STEPS if step >= 2 * self.workers)

    @property
    def kafka_bytes_a_day(self) -> float:
        """Of all topics, one replica."""
        return sum(self._topic_bytes_a_day().values())

    @property
    def kafka_bytes(self) -> float:
        """Of all topics over their retention, all replicas."""
        kept = (
            bytes_a_day * math.ceil(SPEC[topic].retention_ms / MS_PER_DAY * WORKING_SHARE)
            for topic, bytes_a_day in self._topic_bytes_a_day().items()
        )
        return sum(kept) * KAFKA_REPLICAS

    def _topic_bytes_a_day(self) -> dict[Topic, float]:
        return {
            Topic.RAW: self.messages_a_day * self.raw_bytes_a_message,
            Topic.TRAINING: self.rows_a_day * TRAINING_TOPIC_BYTES_AN_EVENT,
            Topic.WINDOWS: self.messages_a_day * WINDOWS_TOPIC_BYTES_A_MESSAGE,
            Topic.ACCOUNTING: self.messages_a_day * ACCOUNTING_TOPIC_BYTES_A_MESSAGE,
        }

    @property
    def training_bytes(self) -> float:
        """On disk over the retention, one replica."""
        return self.rows_a_day * self.training_bytes_a_row * kept_days(Purpose.AGENT_TRAINING)

    @property
    def analytics_bytes(self) -> float:
        """On disk over the retention, one replica."""
        rows_a_day = self.messages_a_day * PARTIALS_A_MESSAGE
        return rows_a_day * PARTIAL_BYTES_A_ROW * kept_days(Purpose.TEAM_ANALYTICS)

    @property
    def accounting_bytes_a_year(self) -> float:
        """One replica, the chain with it; nothing of it expires."""
        rows_a_day = self.messages_a_day * ACCOUNTING_ROWS_A_MESSAGE
        bytes_a_row = ACCOUNTING_BYTES_A_ROW + CHAIN_BYTES_A_ROW
        return rows_a_day * bytes_a_row * 365 * WORKING_SHARE

    @property
    def shards(self) -> int:
        """What is on every node, for a year, leaves each so much for its share of the rest."""
        everywhere = self.analytics_bytes + self.accounting_bytes_a_year
        return math.ceil(self.training_bytes / (SHARD_BYTES * DISK_USE - everywhere))

    @property
    def disk_bytes_a_node(self) -> float:
        """Of ClickHouse, with the room that merges need."""
        everywhere = self.analytics_bytes + self.accounting_bytes_a_year
        return (everywhere + self.training_bytes / self.shards) / DISK_USE

    @property
    def clickhouse_nodes(self) -> int:
        return self.shards * CLICKHOUSE_REPLICAS

    @property
    def cores(self) -> int:
        """Workers one each, loaders half of one, a broker a core for 100,000 events/s and replica,
        a ClickHouse node four and one more for 100,000 rows/s of its shard; at least two each."""
        peak = self.events_per_s * PEAK
        brokers = 3 * max(2, math.ceil(peak * KAFKA_REPLICAS / 100_000 / 3))
        clickhouse = self.clickhouse_nodes * (4 + math.ceil(peak / self.shards / 100_000))
        return self.workers + math.ceil(self.loaders / 2) + brokers + clickhouse

    @property
    def memory_gib(self) -> int:
        """Workers 1, loaders 2, brokers 8 (most of it the system's cache), ClickHouse nodes 4 a
        core."""
        peak = self.events_per_s * PEAK
        clickhouse = self.clickhouse_nodes * 4 * (4 + math.ceil(peak / self.shards / 100_000))
        return self.workers + 2 * self.loaders + 3 * 8 + clickhouse


def kept_days(purpose: Purpose) -> float:
    """Working days within the purpose's retention."""
    return load_policy(BUNDLED_POLICY).purposes[purpose].retention_days * WORKING_SHARE


def _bytes(value: float) -> str:
    """Two digits, rounded up: 1 TB is 10^12 bytes."""
    unit, name = next((u, n) for u, n in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")) if value >= u)
    places = 0 if value / unit >= 10 else 1
    step: float = 10**-places
    return f"{math.ceil(value / unit / step) * step:,.{places}f} {name}"


def rows() -> Iterator[str]:
    """The table, line by line."""
    sizes = [Size(employees) for employees in (1_000, 10_000, 100_000)]
    lines: list[tuple[str, list[str]]] = [
        ("employees", [f"{size.employees:,}" for size in sizes]),
        ("---", ["---:"] * len(sizes)),
        ("events/s, average", [f"{size.events_per_s:,.0f}" for size in sizes]),
        ("messages/s, average", [f"{size.messages_per_s:,.0f}" for size in sizes]),
        ("partitions", [f"{size.partitions}" for size in sizes]),
        ("workers", [f"{size.workers}" for size in sizes]),
        ("loaders", [f"{size.loaders}" for size in sizes]),
        ("Kafka, a day, one replica", [_bytes(size.kafka_bytes_a_day) for size in sizes]),
        ("Kafka, all that is kept, 3 replicas", [_bytes(size.kafka_bytes) for size in sizes]),
        ("training rows a day", [f"{size.rows_a_day / 1e6:,.0f} M" for size in sizes]),
        ("training, retention, one replica", [_bytes(size.training_bytes) for size in sizes]),
        ("analytics, retention, one replica", [_bytes(size.analytics_bytes) for size in sizes]),
        (
            "accounting, a year, one replica",
            [_bytes(size.accounting_bytes_a_year) for size in sizes],
        ),
        ("ClickHouse: shards x replicas", [f"{size.shards} x 2" for size in sizes]),
        ("disk of a ClickHouse node", [_bytes(size.disk_bytes_a_node) for size in sizes]),
        ("cores, all together", [f"{size.cores}" for size in sizes]),
        ("memory, all together", [f"{size.memory_gib} GiB" for size in sizes]),
    ]
    for name, values in lines:
        yield f"| {name} | {' | '.join(values)} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join(rows()) + "\n")
