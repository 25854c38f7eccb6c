"""What can be tried on topics, each act for real."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from confluent_kafka.cimpl import NewPartitions, NewTopic

from events.kafka import client_config
from events.settings import Settings
from tests.containers.cluster import PARTITIONS, Cluster, patiently
from tests.containers.verdicts import WAIT_S, answered, each, permits


def describe(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    return each(cluster.admin.describe_topics(TopicCollection(topics)))


def describe_configs(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    wanted = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics]
    return each(cluster.admin.describe_configs(wanted))


def create(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    wanted = [NewTopic(topic, 1, 1) for topic in topics]
    return each(cluster.admin.create_topics(wanted, validate_only=True))


def alter_config(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    changes = [change_of(ResourceType.TOPIC, topic, "retention.ms", "1000") for topic in topics]
    return each(cluster.admin.incremental_alter_configs(changes, validate_only=True))


def change_of(kind: ResourceType, name: str, key: str, value: str) -> ConfigResource:
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    return ConfigResource(kind, name, incremental_configs=[entry])


def add_partitions(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    wanted = [NewPartitions(topic, PARTITIONS + 1) for topic in topics]
    return each(cluster.admin.create_partitions(wanted, validate_only=True))


def delete_records(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    nothing = [TopicPartition(topic, 0, 0) for topic in topics]
    futures = cluster.admin.delete_records(nothing)
    return {part.topic: answered(future) for part, future in futures.items()}


def write(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    """Tried without idempotence, which would stop all writing at the first refusal."""
    verdicts: dict[str, bool] = {}

    def delivered(error: KafkaError | None, message: Message) -> None:
        verdicts[message.topic() or ""] = permits(error)

    producer = Producer(client_config(cluster.settings, acks="all"))
    for topic in topics:
        producer.produce(topic, b"x", b"k", partition=0, on_delivery=delivered)
    assert producer.flush(WAIT_S) == 0
    return verdicts


def read(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    """Each topic must hold a message in partition 0."""
    consumer = consumer_of(cluster.settings, str(uuid4()))
    verdicts: dict[str, bool] = {}
    try:
        for topic in topics:
            # A consumer never asks for what it cannot find, so the refusal is that of the search.
            sought = consumer.list_topics(topic, WAIT_S).topics[topic].error
            if sought is not None:
                verdicts[topic] = permits(sought)
        found = [TopicPartition(topic, 0, OFFSET_BEGINNING) for topic in topics]
        consumer.assign([part for part in found if part.topic not in verdicts])
        for _ in patiently("every topic is read or refused"):
            if len(verdicts) == len(topics):
                break
            message = consumer.poll(1)
            if message is not None and message.topic() in topics:
                verdicts[message.topic() or ""] = permits(message.error())
    finally:
        consumer.close()
    return verdicts


def consumer_of(settings: Settings, group: str) -> Consumer:
    more = {"group.id": group, "enable.auto.commit": False, "fetch.wait.max.ms": 50}
    return Consumer(client_config(settings, **more))


def delete(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    return each(cluster.admin.delete_topics(topics))


#: ``delete`` is not among them: it comes when all else has been tried.
ON_TOPICS: dict[str, Callable[[Cluster, list[str]], dict[str, bool]]] = {
    "describe": describe,
    "describe_configs": describe_configs,
    "create": create,
    "alter_config": alter_config,
    "add_partitions": add_partitions,
    "delete_records": delete_records,
    "write": write,
    "read": read,
}
