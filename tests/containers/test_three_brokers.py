"""Three brokers, three replicas: one is killed in the middle of a run, and nothing is lost, nothing
is doubled, and the books add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import ConfigResource, ResourceType

from deploy.doctor.replicas import check_replicas
from deploy.policy.publish import publish_policies
from events.kafka import create_topics, wait_for_kafka
from events.purposes import Purpose
from events.settings import Settings
from events.topics import TOPICS, Topic
from streams.keys import new_ring, save_keys
from tests.containers.apache_kafka import why_not
from tests.containers.cluster import PARTITIONS, Cluster, patiently
from tests.containers.three_brokers import ThreeBrokers, three_brokers
from tests.containers.workers import (
    books_of,
    books_when,
    enrol,
    lags_when_done,
    send,
    summed,
    workers,
)
from tests.kit.agreed import agreed
from tests.producers.read_back import everything_on
from tests.strategies import SEALING

pytestmark = [pytest.mark.service, pytest.mark.containers]

PEOPLE = [f"person {number}" for number in range(12)]


@pytest.fixture(scope="module")
def brokers() -> Iterator[ThreeBrokers]:
    if reason := why_not():
        pytest.skip(reason)
    with three_brokers() as started:
        yield started


@pytest.fixture(scope="module")
def cluster(brokers: ThreeBrokers, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    key_file = tmp_path_factory.mktemp("keys") / "keys.json"
    save_keys(replace(new_ring(), sealing=SEALING), key_file)
    settings = Settings(
        kafka_servers=brokers.servers,
        key_file=key_file,
        kafka_partitions=PARTITIONS,
        kafka_replicas=3,
        **agreed(),
        group_prefix=f"test-{uuid4().hex}",
        server_timeout_s=60.0,
    )
    admin = wait_for_kafka(settings)
    create_topics(admin, settings)
    publish_policies(settings)
    return Cluster(settings, admin)


def faults(cluster: Cluster) -> set[str]:
    found = check_replicas(cluster.admin, cluster.settings.kafka_replicas)
    return {f"{fault.check}: {fault.found}" for fault in found if not fault.ok}


def test_each_topic_has_three_replicas_of_which_two_must_have_a_message(cluster: Cluster) -> None:
    for _ in patiently("all replicas are in sync"):
        if not faults(cluster):
            break
    wanted = [ConfigResource(ResourceType.TOPIC, spec.topic.value) for spec in TOPICS]
    for described in cluster.admin.describe_configs(wanted).values():
        assert described.result()["min.insync.replicas"].value == "2"


def test_a_broker_that_is_killed_takes_nothing_with_it(
    cluster: Cluster, brokers: ThreeBrokers, tmp_path: Path
) -> None:
    enrol(cluster, PEOPLE)
    with workers(cluster, tmp_path, 2) as both:
        send(cluster, PEOPLE, 300)
        for _ in patiently("the workers have begun"):
            if books_of(cluster):
                break
        send(cluster, PEOPLE, 300, first=300)
        brokers.nodes[leader_of_consent(cluster) - 1].kill()
        send(cluster, PEOPLE, 300, first=600)
        books = books_when(cluster, 900)
        lags = lags_when_done(cluster)
        assert [worker.poll() for worker in both] == [None, None]
    raw = everything_on(Topic.RAW, cluster.settings, PARTITIONS)
    assert len(raw) == len({message.value() for message in raw}) == 900
    for purpose in Purpose:
        assert summed(books, purpose) == Counter(passed=1_800)
    assert sum(lag.committed for lag in lags) == 900
    assert any("miss a replica in sync" in fault for fault in faults(cluster))
    assert not any("cannot be used" in fault for fault in faults(cluster))


def leader_of_consent(cluster: Cluster) -> int:
    """The node that all workers read the ledger from."""
    topics = cluster.admin.list_topics(timeout=10).topics
    return int(topics[Topic.CONSENT.value].partitions[0].leader)
