"""Messages read by place and published again: the same on the embedded broker and on Kafka."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer, TopicPartition

from deploy.dead_letters.copies import copied_since
from deploy.dead_letters.held import held_by_kafka
from deploy.dead_letters.read import Reader
from events.clock import MS_PER_DAY, SystemClock
from events.codec import Codec
from events.errors import Stop
from events.kafka import client_config, create_topics
from events.redrive import mark
from events.topics import Topic
from events.unreadable import headers_of
from producers.publisher import Publisher
from tests.containers.cluster import Cluster
from tests.containers.secured_kafka import Secured

pytestmark = pytest.mark.service

PARTITION = 3
MESSAGES = 2_000
LETTERS = (5, 6, 1_500)


def fill(cluster: Cluster, first_ms: int) -> None:
    """Messages of six days ago, with headers."""
    producer = Producer(client_config(cluster.settings))
    for number in range(MESSAGES):
        producer.produce(
            *(Topic.RAW.value, b"%d" % number, b"person %d" % (number % 7), PARTITION),
            timestamp=first_ms + number,
            headers=[("trace", b"%d" % number)],
        )
    assert producer.flush(30) == 0


def test_a_copy_has_the_key_value_headers_time_and_partition_of_its_original(
    cluster: Cluster,
) -> None:
    first_ms = SystemClock().now_ms() - 6 * MS_PER_DAY
    fill(cluster, first_ms)
    held = held_by_kafka(cluster.settings, [Topic.RAW])[Topic.RAW.value]
    marks = [mark(held.topic_id, PARTITION, offset) for offset in LETTERS]
    with Reader(cluster.settings) as reader:
        with Publisher(cluster.settings, Codec()) as publisher:
            for offset, its_mark in zip(LETTERS, marks, strict=True):
                message = reader.at((PARTITION, offset))
                assert message is not None
                publisher.publish_again(message, [*headers_of(message), its_mark], 1)
        for place, offset in enumerate(LETTERS):
            copy = reader.at((PARTITION, MESSAGES + place))
            assert copy is not None
            assert copy.value() == b"%d" % offset
            assert copy.key() == b"person %d" % (offset % 7)
            assert copy.timestamp()[1] == first_ms + offset
            assert headers_of(copy) == [("trace", b"%d" % offset), marks[place]]
    starts = {PARTITION: 1_000, 0: 0}
    assert copied_since(cluster.settings, held.topic_id, starts) == {
        (PARTITION, offset): (MESSAGES + place,) for place, offset in enumerate(LETTERS)
    }


@pytest.mark.containers
def test_the_redriver_needs_no_right_but_those_declared_and_the_operator_cannot_do_its_work(
    secured: Secured,
) -> None:
    create_topics(secured.acting_as("admin").admin, secured.acting_as("admin").settings)
    fill(secured.acting_as("producer"), SystemClock().now_ms())
    settings = secured.acting_as("redriver").settings
    held = held_by_kafka(settings, Topic)
    assert [*held] == [Topic.RAW.value]
    topic_id = held[Topic.RAW.value].topic_id
    with Reader(settings) as reader, Publisher(settings, Codec()) as publisher:
        message = reader.at((PARTITION, LETTERS[0]))
        assert message is not None
        publisher.publish_again(message, [mark(topic_id, PARTITION, LETTERS[0])], 1)
    found = copied_since(settings, topic_id, {PARTITION: 0})
    assert (PARTITION, LETTERS[0]) in found
    operator = secured.acting_as("operator").settings
    assert {*held_by_kafka(operator, Topic)} == {topic.value for topic in Topic}
    with Reader(operator) as reader, pytest.raises(Stop, match="act as `redriver`"):
        reader.at((PARTITION, LETTERS[0]))


@pytest.mark.containers
def test_what_kafka_has_deleted_is_known_as_gone(kafka: Cluster) -> None:
    fill(kafka, SystemClock().now_ms())
    deleted = kafka.admin.delete_records([TopicPartition(Topic.RAW.value, PARTITION, 700)])
    for done in deleted.values():
        done.result()
    held = held_by_kafka(kafka.settings, [Topic.RAW])[Topic.RAW.value]
    assert held.low[PARTITION] == 700
    with Reader(kafka.settings) as reader:
        assert reader.at((PARTITION, 699)) is None
        message = reader.at((PARTITION, 700))
        assert message is not None
        assert message.value() == b"700"
        assert reader.at((PARTITION, MESSAGES)) is None
