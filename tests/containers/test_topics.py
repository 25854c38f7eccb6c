"""Topics, acknowledgements and true ends: the same on the embedded broker and on Kafka."""

from __future__ import annotations

import time
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import ConfigResource, ResourceType

from deploy.doctor.kafka import waits_for
from deploy.lag import Lag
from events.clock import MS_PER_DAY, SystemClock
from events.codec import Codec
from events.kafka import client_config, create_topics, end_offsets, partitions_of, topic_ids
from events.topics import SEGMENT_MS, SPEC, TOPICS, Topic
from producers.publisher import Publisher
from tests.containers.cluster import PARTITIONS, Cluster, cluster_at
from tests.producers.read_back import everything_on

pytestmark = pytest.mark.service


def test_every_topic_has_its_partitions_and_making_it_again_changes_nothing(
    cluster: Cluster,
) -> None:
    ids = topic_ids(cluster.admin, Topic)
    create_topics(cluster.admin, cluster.settings.model_copy(update={"kafka_partitions": 19}))
    assert topic_ids(cluster.admin, Topic) == ids
    for spec in TOPICS:
        expected = PARTITIONS if spec.partitioned else 1
        assert partitions_of(cluster.admin, spec.topic) == list(range(expected))


def test_what_is_acknowledged_is_on_the_topic_and_the_report_knows_the_ends(
    cluster: Cluster,
) -> None:
    with Publisher(cluster.settings, Codec()) as publisher:
        for number in range(2_000):
            publisher.publish_bytes(b"person %d" % (number % 50), b"%d" % number, events=3)
    report = publisher.report
    found = everything_on(Topic.RAW, cluster.settings, PARTITIONS)
    assert sorted(int(message.value() or b"") for message in found) == list(range(2_000))
    assert (report.raw_messages, report.events_acknowledged) == (2_000, 6_000)
    ends = end_offsets(cluster.settings, Topic.RAW, range(PARTITIONS))
    assert dict(report.raw_ends) == {part: end for part, end in ends.items() if end}
    assert sum(ends.values()) == 2_000


def test_a_persons_messages_keep_their_order(cluster: Cluster) -> None:
    with Publisher(cluster.settings, Codec()) as publisher:
        for number in range(1_000):
            publisher.publish_bytes(b"person %d" % (number % 7), b"%d" % number, events=1)
    found = everything_on(Topic.RAW, cluster.settings, PARTITIONS)
    for person in range(7):
        mine = [
            int(message.value() or b"")
            for message in found
            if message.key() == f"person {person}".encode()
        ]
        assert mine == list(range(person, 1_000, 7))


@pytest.mark.containers
def test_kafka_keeps_each_topic_as_long_as_the_table_says(kafka: Cluster) -> None:
    wanted = [ConfigResource(ResourceType.TOPIC, spec.topic.value) for spec in TOPICS]
    described = {
        resource.name: future.result()
        for resource, future in kafka.admin.describe_configs(wanted).items()
    }
    for spec in TOPICS:
        config = described[spec.topic.value]
        assert config["segment.ms"].value == str(SEGMENT_MS)
        if spec.compacted:
            assert config["cleanup.policy"].value == "compact"
            assert config["max.compaction.lag.ms"].value == str(SEGMENT_MS)
        else:
            assert config["cleanup.policy"].value == "delete"
            assert config["retention.ms"].value == str(spec.retention_ms)


@pytest.mark.containers
def test_kafka_drops_a_message_a_day_after_its_retention_at_the_latest_and_no_other(
    kafka: Cluster,
) -> None:
    """The broker's clock stands; the times that messages claim are moved."""
    now_ms, retention_ms = SystemClock().now_ms(), SPEC[Topic.RAW].retention_ms
    producer = Producer(client_config(kafka.settings))
    where: dict[str, Any] = {"topic": Topic.RAW.value, "partition": 1}
    ages_ms = (retention_ms + SEGMENT_MS // 2, retention_ms - SEGMENT_MS, 0)
    for age_ms in ages_ms:
        producer.produce(**where, value=b"x", timestamp=now_ms - age_ms)
        assert producer.flush(10) == 0
    consumer = Consumer(client_config(kafka.settings, **{"group.id": "test"}))
    partition = TopicPartition(Topic.RAW.value, 1)
    give_up_s = time.monotonic() + 60
    try:
        while consumer.get_watermark_offsets(partition, 10, cached=False) == (0, 3):
            assert time.monotonic() < give_up_s, "the old message is still there"
            time.sleep(0.2)
        time.sleep(2)  # some more checks of the broker
        assert consumer.get_watermark_offsets(partition, 10, cached=False) == (1, 3)
    finally:
        consumer.close()


@pytest.mark.containers
def test_kafkas_topic_ids_tell_a_topic_from_its_predecessor(kafka: Cluster) -> None:
    before = topic_ids(kafka.admin, Topic)
    after = topic_ids(cluster_at(kafka.settings.kafka_servers).admin, Topic)
    assert len({*before.values(), *after.values()}) == 2 * len(Topic)
    assert "AAAAAAAAAAAAAAAAAAAAAA" not in after.values()


@pytest.mark.containers
def test_kafkas_own_answer_for_the_end_is_the_end_we_prove(kafka: Cluster) -> None:
    producer = Producer(client_config(kafka.settings, **{"linger.ms": 50}))
    for _ in range(500):
        producer.produce(Topic.RAW.value, b"x", partition=2)
    assert producer.flush(10) == 0
    consumer = Consumer(client_config(kafka.settings, **{"group.id": "test"}))
    try:
        told = consumer.get_watermark_offsets(TopicPartition(Topic.RAW.value, 2), 10, cached=False)
    finally:
        consumer.close()
    assert told == (0, 500)
    assert end_offsets(kafka.settings, Topic.RAW, [2]) == {2: 500}


@pytest.mark.containers
@pytest.mark.parametrize(("committed", "waits_ms"), [(0, MS_PER_DAY), (1, MS_PER_DAY - 60_000)])
def test_how_long_a_message_waits_is_known_without_reading_it(
    kafka: Cluster, committed: int, waits_ms: int
) -> None:
    now_ms = SystemClock().now_ms()
    producer = Producer(client_config(kafka.settings))
    for age_ms in (MS_PER_DAY, MS_PER_DAY - 60_000):
        producer.produce(Topic.RAW.value, b"x", partition=3, timestamp=now_ms - age_ms)
        assert producer.flush(10) == 0
    behind = [Lag(Topic.RAW, 3, committed, end=2)]
    assert waits_for(kafka.admin, behind, waits_ms - 1, now_ms)
    assert not waits_for(kafka.admin, behind, waits_ms, now_ms)
