"""A broker's log and a ClickHouse client in memory, which fail when they are told to.

A fault is data: ``Faults({("insert", 2, "after"): Killed})`` raises in the second insert, after its
rows were taken. The log outlives the loader, as a broker does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Literal

import pyarrow as pa
from confluent_kafka import KafkaError, TopicPartition

from events.topics import Topic
from sinks.coordinates import Key
from sinks.decode import LOADED_TOPICS
from tests.sinks.made import Sent

Heard = Callable[[Any, list[TopicPartition]], None]


class Killed(BaseException):
    """The process ends here, as by kill -9."""


Step = tuple[str, int, str]  # what, the how-manieth, before or after it had its effect


@dataclass
class Faults:
    planned: Mapping[Step, BaseException] = field(default_factory=dict)
    always: Mapping[str, BaseException] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def begin(self, what: str) -> int:
        number = self.counts[what] = self.counts.get(what, 0) + 1
        self.meet((what, number, "before"))
        if what in self.always:
            raise self.always[what]
        return number

    def meet(self, step: Step) -> None:
        if step in self.planned:
            raise self.planned[step]


@dataclass(frozen=True)
class FakeMessage:
    key: Key
    at: int
    body: bytes | None
    time_ms: int = 0
    fault: KafkaError | None = None

    def error(self) -> KafkaError | None:
        return self.fault

    def topic(self) -> str | None:
        return self.key[0].value

    def partition(self) -> int | None:
        return self.key[1]

    def offset(self) -> int | None:
        return self.at

    def value(self) -> bytes | None:
        return self.body

    def timestamp(self) -> tuple[int, int]:
        return 1, self.time_ms


@dataclass
class Log:
    """Messages by partition, and what the group has committed. Not every broker keeps the notes
    of commits."""

    messages: dict[Key, list[Sent]] = field(default_factory=dict)
    committed: dict[Key, int] = field(default_factory=dict)
    notes: dict[Key, str] = field(default_factory=dict)
    keeps_notes: bool = True

    @staticmethod
    def of(sent: Sequence[Sent]) -> Log:
        log = Log({(topic, 0): [] for topic in LOADED_TOPICS})
        for message in sent:
            log.messages.setdefault((message.topic, message.partition), []).append(message)
        return log

    def ends(self) -> dict[Key, int]:
        return {key: len(messages) for key, messages in self.messages.items()}

    def is_saved(self) -> bool:
        return all(self.committed.get(key, 0) == end for key, end in self.ends().items())


@dataclass
class FakeSource:
    """One member that gets all partitions; ``rebalance()`` takes them away and gives them again."""

    log: Log
    faults: Faults = field(default_factory=Faults)
    positions: dict[Key, int] = field(default_factory=dict)
    ended: set[Key] = field(default_factory=set)
    paused: set[Key] = field(default_factory=set)
    pauses: int = 0
    closed: bool = False
    _heard: dict[str, Heard] = field(default_factory=dict)

    def subscribe(
        self, topics: list[str], *, on_assign: Heard, on_revoke: Heard, on_lost: Heard
    ) -> None:
        assert topics == [topic.value for topic in LOADED_TOPICS]
        self._heard = {"assign": on_assign, "revoke": on_revoke, "lost": on_lost}

    def rebalance(self, how: str = "revoke") -> None:
        self._heard[how](self, self.assignment())
        self.positions = {}

    def poll(self, timeout: float) -> FakeMessage | None:
        self.faults.begin("poll")
        if not self.positions:
            self.positions = {key: self.log.committed.get(key, 0) for key in self.log.messages}
            self.ended = set()  # but what is paused stays so, as in librdkafka
            self._heard["assign"](self, self.assignment())
        for key, position in sorted(self.positions.items()):
            if key in self.paused:
                continue
            messages = self.log.messages[key]
            if position < len(messages):
                self.positions[key] += 1
                sent = messages[position]
                return FakeMessage(key, position, sent.value, sent.time_ms)
            if key not in self.ended:
                self.ended.add(key)
                return FakeMessage(key, position, None, fault=KafkaError(KafkaError._PARTITION_EOF))
        return None

    def commit(
        self, *, offsets: list[TopicPartition], asynchronous: Literal[False]
    ) -> list[TopicPartition]:
        number = self.faults.begin("commit")
        for each in offsets:
            key = Topic(each.topic), each.partition
            self.log.committed[key] = each.offset
            self.log.notes[key] = (each.metadata or "") if self.log.keeps_notes else ""
        self.faults.meet(("commit", number, "after"))
        return offsets

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        self.faults.begin("committed")
        keys = [(Topic(each.topic), each.partition) for each in partitions]
        return [
            TopicPartition(
                key[0].value,
                key[1],
                self.log.committed.get(key, -1001),
                self.log.notes.get(key, ""),
            )
            for key in keys
        ]

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(topic.value, partition) for topic, partition in self.positions]

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.pauses += 1
        self.paused = {(Topic(each.topic), each.partition) for each in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.paused -= {(Topic(each.topic), each.partition) for each in partitions}

    def seek(self, partition: TopicPartition) -> None:
        key = Topic(partition.topic), partition.partition
        self.positions[key] = partition.offset
        self.ended.discard(key)  # librdkafka says again that there is no more

    def get_watermark_offsets(
        self, partition: TopicPartition, *, cached: bool
    ) -> tuple[int, int] | None:
        return 0, len(self.log.messages[Topic(partition.topic), partition.partition])

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeClient:
    """Keeps what is inserted. ``rows`` are the tables after equal rows have collapsed; ``erased``
    are pseudonyms by the table that says so."""

    faults: Faults = field(default_factory=Faults)
    inserted: list[tuple[str, pa.Table]] = field(default_factory=list)
    erased: dict[str, set[int]] = field(default_factory=dict)

    def insert_arrow(
        self, table: str, arrow_table: pa.Table, *, settings: dict[str, Any]
    ) -> object:
        number = self.faults.begin("insert")
        self.inserted.append((table, arrow_table))
        self.faults.meet(("insert", number, "after"))
        return None

    def query_arrow(self, query: str) -> pa.Table:
        """Who was erased."""
        self.faults.begin("erased")
        table = query.removeprefix("SELECT pseudonym FROM ")
        return pa.table({"pseudonym": pa.array(sorted(self.erased.get(table, ())), pa.uint64())})

    def query(self, query: str, parameters: dict[str, Any]) -> Any:
        """The last link before an offset, which is all that a loader asks for."""
        self.faults.begin("query")
        links = [
            (row["offset"], row["hash"])
            for table, rows in self.inserted
            if table == "governance.accounting_chain"
            for row in rows.to_pylist()
            if (row["topic_id"], row["partition"])
            == (parameters["topic_id"], parameters["partition"])
            and row["offset"] < parameters["offset"]
        ]
        return SimpleNamespace(result_rows=[(max(links)[1],)] if links else [])

    def rows(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for table, rows in self.inserted:
            found.setdefault(table, set()).update(repr(row) for row in rows.to_pylist())
        return found
