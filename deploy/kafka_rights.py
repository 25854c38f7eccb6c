"""Who may do what in Kafka: declared here, made by `provision`, compared by `doctor`.

Everything that is not declared is denied (`allow.everyone.if.no.acl.found=false`). In Kafka READ
and WRITE include DESCRIBE; nothing declared here includes more than that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from events.errors import Stop
from events.kafka import enrolment_id, transactional_prefix
from events.settings import Settings
from events.topics import Topic

_ASK_TIMEOUT_S = 10.0
_CLUSTER = "kafka-cluster"  # Kafka's name of the only one there is
#: The client's names are those of an older protocol.
_RESOURCE = {
    "TOPIC": ResourceType.TOPIC,
    "GROUP": ResourceType.GROUP,
    "CLUSTER": ResourceType.BROKER,
    "TRANSACTIONAL_ID": ResourceType.TRANSACTIONAL_ID,
}
_KIND = {resource: kind for kind, resource in _RESOURCE.items()}
_INPUTS = (Topic.RAW, Topic.CONSENT, Topic.SECRETS, Topic.POLICY)
_OUTPUTS = tuple(topic for topic in Topic if topic not in _INPUTS)


@unique
class Principal(StrEnum):
    """Kafka users. Whoever provisions is a super user (`admin`) and not listed."""

    PRODUCER = "producer"  # machines where people work: may only write events
    REGISTRAR = "registrar"  # records what people said about consent, and what was signed
    WORKER = "worker"
    LOADER = "loader"
    REDRIVER = "redriver"  # publishes dead letters again: has to read them and to write them back
    OPERATOR = "operator"  # status, reconcile, doctor: sees topics, never what people did
    CUSTODIAN = "custodian"  # acts for one person: shows what there is of them, and erases it


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """``principal`` may do ``operation`` on the topic, group, cluster or transactional id ``name``,
    or, ``prefixed``, on all whose names begin like this."""

    principal: str
    kind: str  # TOPIC, GROUP, CLUSTER or TRANSACTIONAL_ID
    name: str
    operation: str  # Kafka's name: READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS
    prefixed: bool = False

    def __str__(self) -> str:
        return f"{self.operation} {self.name}{' (prefixed)' if self.prefixed else ''}"


def declared_rights(settings: Settings) -> frozenset[Right]:
    """Every right there is, and no other."""
    topics = {
        (Principal.PRODUCER, "WRITE"): (Topic.RAW,),
        (Principal.REGISTRAR, "WRITE"): (Topic.CONSENT, Topic.SECRETS, Topic.POLICY),
        (Principal.REGISTRAR, "READ"): (Topic.CONSENT, Topic.SECRETS, Topic.POLICY),
        (Principal.WORKER, "READ"): _INPUTS,
        # Retention, for its metrics.
        (Principal.WORKER, "DESCRIBE_CONFIGS"): (Topic.RAW, Topic.CONSENT),
        (Principal.WORKER, "WRITE"): _OUTPUTS,
        (Principal.LOADER, "READ"): _OUTPUTS,
        (Principal.LOADER, "DESCRIBE_CONFIGS"): _OUTPUTS,
        (Principal.REDRIVER, "READ"): (Topic.RAW,),
        (Principal.REDRIVER, "WRITE"): (Topic.RAW,),
        (Principal.CUSTODIAN, "READ"): (Topic.RAW, Topic.CONSENT, Topic.SECRETS),
        # Erasing puts records without a value in the place of the person's, and waits until what
        # was on its way has arrived.
        (Principal.CUSTODIAN, "WRITE"): (Topic.CONSENT, Topic.SECRETS),
        (Principal.CUSTODIAN, "DESCRIBE"): (Topic.TRAINING, Topic.WINDOWS),
        (Principal.OPERATOR, "DESCRIBE"): tuple(Topic),
        (Principal.OPERATOR, "READ"): (Topic.POLICY,),  # which version is in force, for `doctor`
        (Principal.OPERATOR, "DESCRIBE_CONFIGS"): tuple(Topic),  # retention and clean-up
    }
    groups = {
        (Principal.WORKER, "READ"): (settings.worker_group,),
        (Principal.LOADER, "READ"): (settings.loader_group,),
        (Principal.OPERATOR, "DESCRIBE"): (settings.worker_group, settings.loader_group),
        (Principal.CUSTODIAN, "DESCRIBE"): (settings.loader_group,),
    }
    # Without it `doctor` cannot see these very rights; it also shows brokers and groups' names.
    on_cluster = {Right(Principal.OPERATOR.value, "CLUSTER", _CLUSTER, "DESCRIBE")}
    on_topics = {
        Right(principal.value, "TOPIC", topic.value, operation)
        for (principal, operation), names in topics.items()
        for topic in names
    }
    on_groups = {
        Right(principal.value, "GROUP", group, operation)
        for (principal, operation), names in groups.items()
        for group in names
    }
    # One for each lane, named by the group, see streams/outbox.py.
    lanes = transactional_prefix(settings)
    on_lanes = {Right(Principal.WORKER.value, "TRANSACTIONAL_ID", lanes, "WRITE", prefixed=True)}
    # What lets one process at a time enrol people, or forget them, see producers/enrolment.py.
    enrolment = enrolment_id(settings)
    for principal in (Principal.REGISTRAR, Principal.CUSTODIAN):
        on_lanes.add(Right(principal.value, "TRANSACTIONAL_ID", enrolment, "WRITE"))
    return frozenset(on_topics | on_groups | on_cluster | on_lanes)


def found_rights(admin: AdminClient) -> frozenset[Right]:
    """Every right that Kafka grants, also those nobody declared: wildcards and other resources come
    out with names that no declared right has.

    Also none where Kafka refuses to show them, or checks none: the client (confluent-kafka 2.16)
    leaves that answer out. Raises ``KafkaException``.
    """
    # None is "any" for librdkafka, which the client's hints leave out.
    anything: Any = None
    everything = AclBindingFilter(
        ResourceType.ANY,
        anything,
        ResourcePatternType.ANY,
        anything,
        anything,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    found = admin.describe_acls(everything, request_timeout=_ASK_TIMEOUT_S).result()
    return frozenset(_right(binding) for binding in found)


def grant(admin: AdminClient, rights: Iterable[Right]) -> None:
    """Add ``rights``; those that are there already stay. Raises ``Stop``."""
    bindings = [_binding(right) for right in rights]
    if not bindings:
        return
    for made in admin.create_acls(bindings, request_timeout=_ASK_TIMEOUT_S).values():
        try:
            made.result()
        except KafkaException as error:
            raise Stop(
                f"Kafka grants no rights: {error.args[0].name()}. It needs an authorizer, and this "
                "command its administrator (super.users)."
            ) from None


def _binding(right: Right) -> AclBinding:
    return AclBinding(
        _RESOURCE[right.kind],
        right.name,
        ResourcePatternType.PREFIXED if right.prefixed else ResourcePatternType.LITERAL,
        f"User:{right.principal}",
        "*",
        AclOperation[right.operation],
        AclPermissionType.ALLOW,
    )


def _right(binding: AclBinding) -> Right:
    name, operation = binding.name, AclOperation(binding.operation).name
    pattern = ResourcePatternType(binding.resource_pattern_type)
    permission = AclPermissionType(binding.permission_type)
    if binding.host != "*":
        name = f"{name} from {binding.host}"
    if permission is not AclPermissionType.ALLOW:
        operation = f"{permission.name} {operation}"
    resource = ResourceType(binding.restype)
    kind = _KIND.get(resource, resource.name)
    prefixed = pattern is ResourcePatternType.PREFIXED
    return Right(binding.principal.removeprefix("User:"), kind, name, operation, prefixed)
