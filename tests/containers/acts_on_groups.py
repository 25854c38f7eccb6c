"""What can be tried on consumer groups, each act for real."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError

from tests.containers.acts_on_topics import consumer_of
from tests.containers.cluster import Cluster, patiently
from tests.containers.verdicts import answered, each


def joins(cluster: Cluster, topics: list[str], group: str) -> bool:
    """Whether the user becomes a member of ``group``, with whatever topics it can see."""
    seen = sorted(cluster.admin.list_topics(timeout=10).topics.keys() & set(topics))
    consumer = consumer_of(cluster.settings, group)
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
    return each(cluster.admin.describe_consumer_groups(groups))


def see_offsets(cluster: Cluster, groups: list[str]) -> dict[str, bool]:
    return {
        group: answered(
            cluster.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group]
        )
        for group in groups
    }


def delete_groups(cluster: Cluster, groups: list[str]) -> dict[str, bool]:
    return each(cluster.admin.delete_consumer_groups(groups))


ON_GROUPS: dict[str, Callable[[Cluster, list[str]], dict[str, bool]]] = {
    "describe": describe_groups,
    "see_offsets": see_offsets,
    "delete": delete_groups,
}
