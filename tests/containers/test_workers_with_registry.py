"""Producer and workers on a real Kafka with a real registry: what is written names its schema."""

from __future__ import annotations

import struct
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from events.purposes import Purpose
from events.registry import ConfluentRegistry, codec_of
from events.schemas import newest
from events.settings import Settings
from events.topics import SPEC, Topic
from producers.publisher import Publisher
from tests.containers.apicurio_registry import ApicurioRegistry
from tests.containers.cluster import PARTITIONS, Cluster, cluster_at
from tests.containers.workers import books_when, enrol, lags_when_done, send, summed, workers
from tests.producers.read_back import everything_on

pytestmark = [pytest.mark.service, pytest.mark.containers]

#: To start, and to have done all of a test's messages.
_LONGER_THAN_A_WORKER_TAKES_S = 8.0
PEOPLE = [f"person {number}" for number in range(12)]


@pytest.fixture
def cluster(apache_kafka: str, registry: ApicurioRegistry) -> Cluster:
    """Kafka with every topic new, and the registry for all who use it, who may only read."""
    return cluster_at(apache_kafka, registry.settings().schema_registry_url)


def ids_on(topic: Topic, settings: Settings) -> Counter[int]:
    """Schema ids of a topic's messages; fails if one is not in Confluent's framing."""
    partitions = PARTITIONS if SPEC[topic].partitioned else 1
    found: Counter[int] = Counter()
    for message in everything_on(topic, settings, partitions):
        magic, schema_id = struct.unpack_from(">bI", message.value() or b"")
        assert magic == 0
        found[schema_id] += 1
    return found


def test_every_message_on_every_topic_names_its_schema(cluster: Cluster, tmp_path: Path) -> None:
    enrol(cluster, PEOPLE[1:])
    with workers(cluster, tmp_path, 2):
        with codec_of(cluster.settings) as codec, Publisher(cluster.settings, codec) as publisher:
            publisher.publish_bytes(b"any", b"\x00\x7f\xff\xff\xffbroken", events=1)
        send(cluster, PEOPLE, 240)
        books = books_when(cluster, 241)
        lags = lags_when_done(cluster)
    for purpose in Purpose:
        assert summed(books, purpose) == Counter(passed=440, not_enrolled=40, unknown_schema=1)
    assert sum(lag.messages for lag in lags) == 0
    with codec_of(cluster.settings) as codec:
        assert isinstance(codec.registry, ConfluentRegistry)
        for topic in set(Topic) - {Topic.RAW}:
            expected = codec.registry.id_of(newest(SPEC[topic].schema))
            assert set(ids_on(topic, cluster.settings)) == {expected}, topic
        expected = codec.registry.id_of(newest(SPEC[Topic.RAW].schema))
        assert ids_on(Topic.RAW, cluster.settings) == {expected: 240, 0x7FFFFFFF: 1}


def test_a_worker_that_starts_before_its_registry_waits_for_it(
    cluster: Cluster, registry: ApicurioRegistry, tmp_path: Path
) -> None:
    enrol(cluster, PEOPLE)
    send(cluster, PEOPLE, 60)
    with ExitStack() as running:
        with registry.away():
            [worker] = running.enter_context(workers(cluster, tmp_path, 1))
            time.sleep(_LONGER_THAN_A_WORKER_TAKES_S)
            assert not everything_on(Topic.ACCOUNTING, cluster.settings, PARTITIONS)
        books = books_when(cluster, 60)
        assert worker.poll() is None
    for purpose in Purpose:
        assert summed(books, purpose) == Counter(passed=120)
