"""Everything a Kafka user can try, and whether Kafka let it: each act is tried for real.

An act counts as forbidden only if Kafka says that it is a matter of rights; any other error fails.
Not here: to list users and their iterations, which takes the same right as to list rights; the
client ends the whole process where that is refused (confluent-kafka 2.16).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any
from uuid import uuid4

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    ElectionType,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from confluent_kafka.cimpl import NewPartitions, NewTopic

from events.kafka import client_config
from events.settings import Settings
from tests.containers.cluster import PARTITIONS, Cluster, patiently

_DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
#: Said only to who may: the act itself makes no sense at this moment.
_PERMITTED = {
    KafkaError.TOPIC_ALREADY_EXISTS,
    KafkaError.GROUP_ID_NOT_FOUND,
    KafkaError.ELECTION_NOT_NEEDED,
    KafkaError.POLICY_VIOLATION,  # nothing is ever cut off a compacted topic
}
_WAIT_S = 20.0

Observed = dict[str, set[str]]  # by resource, the acts that Kafka let happen


def permits(error: KafkaError | None) -> bool:
    """Whether this answer means that the act was permitted."""
    if error is None or error.code() in _PERMITTED:
        return True
    assert error.code() in _DENIED, error
    return False


def answered(future: Future[Any]) -> bool:
    """Whether the act that ``future`` stands for was permitted."""
    try:
        future.result(_WAIT_S)
    except KafkaException as error:
        return permits(error.args[0])
    return True


def observe(cluster: Cluster, topics: list[str], groups: list[str]) -> Observed:
    """All that the user of ``cluster`` may do with ``topics``, ``groups`` and the cluster itself.
    Whoever may delete has deleted the topics then."""
    found: Observed = {name: set() for name in (*topics, *groups, "cluster")}

    def note(act: str, verdicts: Mapping[str, bool]) -> None:
        for name, allowed in verdicts.items():
            if allowed:
                found[name].add(act)

    for act, tried in ON_TOPICS.items():
        note(act, tried(cluster, topics))
    for act, tried in ON_GROUPS.items():
        note(act, tried(cluster, groups))
    note("join", {group: joins(cluster, topics, group) for group in groups})
    for act, attempt in ON_CLUSTER.items():
        note(act, {"cluster": attempt(cluster)})
    note("delete", delete(cluster, topics))
    return found


def delete(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    return _each(cluster.admin.delete_topics(topics))


def _each(futures: Mapping[Any, Future[Any]]) -> dict[str, bool]:
    return {getattr(key, "name", key): answered(future) for key, future in futures.items()}


def describe(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    return _each(cluster.admin.describe_topics(TopicCollection(topics)))


def describe_configs(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    wanted = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics]
    return _each(cluster.admin.describe_configs(wanted))


def create(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    wanted = [NewTopic(topic, 1, 1) for topic in topics]
    return _each(cluster.admin.create_topics(wanted, validate_only=True))


def alter_config(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    changes = [_config(ResourceType.TOPIC, topic, "retention.ms", "1000") for topic in topics]
    return _each(cluster.admin.incremental_alter_configs(changes, validate_only=True))


def _config(kind: ResourceType, name: str, key: str, value: str) -> ConfigResource:
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    return ConfigResource(kind, name, incremental_configs=[entry])


def add_partitions(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    wanted = [NewPartitions(topic, PARTITIONS + 1) for topic in topics]
    return _each(cluster.admin.create_partitions(wanted, validate_only=True))


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
    assert producer.flush(_WAIT_S) == 0
    return verdicts


def read(cluster: Cluster, topics: list[str]) -> dict[str, bool]:
    """Each topic must hold a message in partition 0."""
    consumer = _consumer(cluster.settings, str(uuid4()))
    verdicts: dict[str, bool] = {}
    try:
        for topic in topics:
            # A consumer never asks for what it cannot find, so the refusal is that of the search.
            sought = consumer.list_topics(topic, _WAIT_S).topics[topic].error
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


def _consumer(settings: Settings, group: str) -> Consumer:
    more = {"group.id": group, "enable.auto.commit": False, "fetch.wait.max.ms": 50}
    return Consumer(client_config(settings, **more))


def joins(cluster: Cluster, topics: list[str], group: str) -> bool:
    """Whether the user becomes a member of ``group``, with whatever topics it can see."""
    seen = sorted(cluster.admin.list_topics(timeout=10).topics.keys() & set(topics))
    consumer = _consumer(cluster.settings, group)
    verdicts: list[bool] = []
    try:
        consumer.subscribe(seen[:1], on_assign=lambda *_: verdicts.append(True))
        for _ in patiently(f"{group} is joined or refused"):
            message = consumer.poll(0.2)
            error = message.error() if message is not None else None
            if error is not None and error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                verdicts.append(False)
            if verdicts:
                return verdicts[0]
    finally:
        consumer.close()
    raise AssertionError("never reached")


def describe_groups(cluster: Cluster, groups: list[str]) -> dict[str, bool]:
    return _each(cluster.admin.describe_consumer_groups(groups))


def see_offsets(cluster: Cluster, groups: list[str]) -> dict[str, bool]:
    return {
        group: answered(
            cluster.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group]
        )
        for group in groups
    }


def delete_groups(cluster: Cluster, groups: list[str]) -> dict[str, bool]:
    return _each(cluster.admin.delete_consumer_groups(groups))


def create_topic(cluster: Cluster) -> bool:
    return create(cluster, ["a.new.topic"])["a.new.topic"]


def see_rights(cluster: Cluster) -> bool:
    """The client shows an empty list where Kafka refuses, and there are always rights here."""
    return bool(cluster.admin.describe_acls(_filter("worker")).result(_WAIT_S))


def grant(cluster: Cluster) -> bool:
    binding = AclBinding(
        ResourceType.TOPIC,
        "a.new.topic",
        ResourcePatternType.LITERAL,
        "User:nobody",
        "*",
        AclOperation.READ,
        AclPermissionType.ALLOW,
    )
    return all(_each(cluster.admin.create_acls([binding])).values())


def revoke(cluster: Cluster) -> bool:
    return all(_each(cluster.admin.delete_acls([_filter("nobody")])).values())


def _filter(user: str) -> AclBindingFilter:
    name: Any = None  # None is "any" for librdkafka, which the client's hints leave out
    return AclBindingFilter(
        ResourceType.ANY,
        name,
        ResourcePatternType.ANY,
        f"User:{user}",
        name,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )


def set_password(cluster: Cluster) -> bool:
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    upsertion = UserScramCredentialUpsertion("nobody", info, b"a password")
    return all(_each(cluster.admin.alter_user_scram_credentials([upsertion])).values())


def see_broker_config(cluster: Cluster) -> bool:
    resource = ConfigResource(ResourceType.BROKER, "1")
    return all(_each(cluster.admin.describe_configs([resource])).values())


def alter_broker_config(cluster: Cluster) -> bool:
    change = _config(ResourceType.BROKER, "1", "log.cleaner.threads", "2")
    changed = cluster.admin.incremental_alter_configs([change], validate_only=True)
    return all(_each(changed).values())


def elect_leaders(cluster: Cluster) -> bool:
    wanted = [TopicPartition("interactions.raw", 0)]
    return answered(cluster.admin.elect_leaders(ElectionType.PREFERRED, wanted))


def begin_transactions(cluster: Cluster) -> bool:
    silent = logging.getLogger(f"{__name__}.silent")
    silent.disabled = True  # the client calls the refusal a fatal fault of its own
    more = {"transactional.id": "glasshouse", "logger": silent}
    producer = Producer(client_config(cluster.settings, **more))
    try:
        producer.init_transactions(_WAIT_S)
    except KafkaException as error:
        return permits(error.args[0])
    return True


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
ON_GROUPS: dict[str, Callable[[Cluster, list[str]], dict[str, bool]]] = {
    "describe": describe_groups,
    "see_offsets": see_offsets,
    "delete": delete_groups,
}
ON_CLUSTER: dict[str, Callable[[Cluster], bool]] = {
    "create_topic": create_topic,
    "see_rights": see_rights,
    "grant": grant,
    "revoke": revoke,
    "set_password": set_password,
    "see_broker_config": see_broker_config,
    "alter_broker_config": alter_broker_config,
    "elect_leaders": elect_leaders,
    "begin_transactions": begin_transactions,
}
