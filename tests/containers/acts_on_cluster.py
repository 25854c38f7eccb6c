"""What can be tried on the cluster itself, each act for real.

Not here: to list users and their iterations, which takes the same right as to list rights; the
client ends the whole process where that is refused (confluent-kafka 2.16).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from confluent_kafka import ElectionType, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.containers.acts_on_topics import change_of, create
from tests.containers.cluster import Cluster
from tests.containers.verdicts import WAIT_S, answered, each


def create_topic(cluster: Cluster) -> bool:
    return create(cluster, ["a.new.topic"])["a.new.topic"]


def see_rights(cluster: Cluster) -> bool:
    """The client shows an empty list where Kafka refuses, and there are always rights here."""
    return bool(cluster.admin.describe_acls(_filter("worker")).result(WAIT_S))


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
    return all(each(cluster.admin.create_acls([binding])).values())


def revoke(cluster: Cluster) -> bool:
    return all(each(cluster.admin.delete_acls([_filter("nobody")])).values())


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
    return all(each(cluster.admin.alter_user_scram_credentials([upsertion])).values())


def see_broker_config(cluster: Cluster) -> bool:
    resource = ConfigResource(ResourceType.BROKER, "1")
    return all(each(cluster.admin.describe_configs([resource])).values())


def alter_broker_config(cluster: Cluster) -> bool:
    change = change_of(ResourceType.BROKER, "1", "log.cleaner.threads", "2")
    changed = cluster.admin.incremental_alter_configs([change], validate_only=True)
    return all(each(changed).values())


def elect_leaders(cluster: Cluster) -> bool:
    wanted = [TopicPartition("interactions.raw", 0)]
    return answered(cluster.admin.elect_leaders(ElectionType.PREFERRED, wanted))


ON_CLUSTER: dict[str, Callable[[Cluster], bool]] = {
    "create_topic": create_topic,
    "see_rights": see_rights,
    "grant": grant,
    "revoke": revoke,
    "set_password": set_password,
    "see_broker_config": see_broker_config,
    "alter_broker_config": alter_broker_config,
    "elect_leaders": elect_leaders,
}
