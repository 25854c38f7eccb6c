"""What the doctor says of the replicas of ClickHouse's tables and of Kafka's topics."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.doctor.replicas import check_replicas
from deploy.doctor.warehouse import replicas
from events.kafka import least_in_sync
from events.topics import TOPICS


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ((4, 4, 0, 0, 0), []),
        ((4, 4, 0, 0, 30), []),
        ((4, 3, 0, 0, 0), ["3 of 4 nodes"]),
        ((2, 2, 8, 0, 0), ["only be read"]),
        ((2, 2, 0, 1, 0), ["miss a replica"]),
        ((2, 2, 0, 0, 31), ["31 s behind"]),
        ((4, 2, 0, 8, 900), ["2 of 4", "8 tables", "900 s"]),
    ],
)
def test_each_fault_of_the_replicas_is_told_and_health_is_too(
    seen: tuple[int, int, int, int, int], words: list[str]
) -> None:
    found = list(replicas(*seen))
    faults = [finding.found for finding in found if not finding.ok]
    assert len(faults) == len(words)
    assert all(word in fault for word, fault in zip(words, faults, strict=True))
    assert len(found) == max(1, len(words))


@dataclass
class Partition:
    leader: int
    replicas: list[int]
    isrs: list[int]


@dataclass
class Kafka:
    """A cluster whose topics all have these partitions, and acknowledge with ``least`` in sync;
    ``own`` are those of topics of its own."""

    partitions: list[Partition]
    least: str = "2"
    own: dict[str, list[Partition]] = field(default_factory=dict)

    def list_topics(self, timeout: float) -> Any:
        every = {spec.topic.value: self.partitions for spec in TOPICS} | self.own
        topics = {
            name: SimpleNamespace(partitions=dict(enumerate(of))) for name, of in every.items()
        }
        return SimpleNamespace(topics=topics)

    def describe_configs(self, resources: list[Any], **_: Any) -> Any:
        entries = {"min.insync.replicas": SimpleNamespace(value=self.least)}
        return {each: SimpleNamespace(result=lambda: entries) for each in resources}


GOOD = Partition(1, [1, 2, 3], [1, 2, 3])


@pytest.mark.parametrize(
    ("kafka", "words"),
    [
        (Kafka([GOOD]), ""),
        (Kafka([GOOD, Partition(1, [1, 2, 3], [1, 3])]), "1 partition(s) miss a replica"),
        (Kafka([GOOD, Partition(-1, [1, 2, 3], [2])]), "1 partition(s) cannot be used"),
        (Kafka([GOOD, Partition(1, [1, 2], [1, 2])]), "2, not 3"),
        (Kafka([GOOD], least="1"), "acknowledged with 1 replica(s)"),
    ],
)
def test_each_fault_of_kafkas_replicas_is_told(kafka: Kafka, words: str) -> None:
    admin: Any = kafka
    found = list(check_replicas(admin, 3))
    faults = {finding.found.split(" in sync")[0] for finding in found if not finding.ok}
    assert faults == ({words} if words else set())
    assert len(found) == (len(TOPICS) if words else 1)


@pytest.mark.parametrize("name", ["__consumer_offsets", "__transaction_state"])
def test_one_copy_of_what_kafka_itself_remembers_is_told(name: str) -> None:
    admin: Any = Kafka([GOOD], own={name: [Partition(1, [1], [1])]})
    (fault,) = check_replicas(admin, 3)
    assert (fault.check, fault.found) == (f"replicas of {name}", "1, not 3")


def test_acknowledged_is_what_most_replicas_have() -> None:
    assert [least_in_sync(replicas) for replicas in (1, 2, 3, 4, 5)] == [1, 2, 2, 3, 3]
