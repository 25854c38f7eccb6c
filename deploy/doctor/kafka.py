"""Is Kafka there, with the topics, the rights and the time that the promises need?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from deploy.doctor.finding import Finding
from deploy.doctor.replicas import check_replicas
from deploy.kafka_rights import declared_rights, found_rights
from deploy.lag import Lag
from deploy.status import group_lags
from events.clock import MS_PER_HOUR, Clock
from events.errors import ServerMissing
from events.kafka import client_config, partitions_of, wait_for_kafka
from events.settings import Settings
from events.topics import SPEC, TOPICS, Topic, TopicSpec

_ASK_TIMEOUT_S = 5.0
_KEEPS_ALL_MS = -1

#: A message that waits longer than this share of its retention is close to being lost.
_LAG_SHARE = 0.5


def check_kafka(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Reachability; then topics, rights and lag."""
    try:
        admin = wait_for_kafka(settings)
    except ServerMissing:
        where = settings.kafka_servers
        remedy = "start Kafka, or put right --kafka-servers, --kafka-tls and the principal"
        yield Finding("kafka", f"no answer from {where}", remedy)
        return
    yield Finding("kafka", f"answers at {settings.kafka_servers}")
    there = {spec.topic: partitions_of(admin, spec.topic) for spec in TOPICS}
    yield from _topics(admin, there)
    yield from check_replicas(admin, settings.kafka_replicas)
    yield from _rights(admin, settings)
    if all(there.values()):
        yield from _lags(admin, settings, clock)


def _topics(admin: AdminClient, there: Mapping[Topic, list[int]]) -> Iterator[Finding]:
    data = {len(found) for topic, found in there.items() if found and SPEC[topic].partitioned}
    for topic, found in there.items():
        check = f"topic {topic.value}"
        if not found:
            yield Finding(check, "is missing", "run `glasshouse provision`")
        elif not SPEC[topic].partitioned and len(found) != 1:
            yield Finding(check, f"{len(found)} partitions, not 1", "delete and provision it again")
        elif SPEC[topic].partitioned and len(data) > 1:
            remedy = "give every data topic as many partitions as the largest has"
            yield Finding(check, f"{len(found)} partitions, others have other numbers", remedy)
        else:
            yield _configuration(admin, SPEC[topic], len(found))


def _configuration(admin: AdminClient, spec: TopicSpec, partitions: int) -> Finding:
    check = f"topic {spec.topic.value}"
    resource = ConfigResource(ResourceType.TOPIC, spec.topic.value)
    try:
        found = admin.describe_configs([resource], request_timeout=_ASK_TIMEOUT_S)
        config = {name: entry.value for name, entry in found[resource].result().items()}
    except KafkaException as error:
        return Finding(check, f"configuration unknown: {error.args[0].name()}", "allow DESCRIBE")
    cleanup = config.get("cleanup.policy", "delete")
    if spec.compacted != ("compact" in cleanup):
        wanted = "compact" if spec.compacted else "delete"
        return Finding(check, f"cleanup.policy={cleanup}", f"set cleanup.policy={wanted}")
    retention_ms = int(config.get("retention.ms") or spec.retention_ms)
    if not spec.compacted and _KEEPS_ALL_MS < retention_ms < spec.retention_ms:
        hours = f"{retention_ms // MS_PER_HOUR:,} h"
        remedy = f"set retention.ms={spec.retention_ms}: a shorter outage than it loses events"
        return Finding(check, f"keeps only {hours}", remedy)
    return Finding(check, f"{partitions} partition(s), {cleanup}")


def _rights(admin: AdminClient, settings: Settings) -> Iterator[Finding]:
    try:
        found = found_rights(admin)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.SECURITY_DISABLED:
            remedy = "switch on an authorizer, then run `glasshouse provision --rights`"
            yield Finding("rights", "Kafka checks none: everybody can read everything", remedy)
        else:
            yield Finding("rights", error.args[0].name(), "ask as a principal that may see them")
        return
    declared = declared_rights(settings)
    if not found:
        yield Finding("rights", "none are granted", "run `glasshouse provision --rights`")
        return
    for right in sorted(found - declared):
        remedy = "take it away with kafka-acls --remove, unless it is declared"
        yield Finding("rights", f"{right.principal} may {right.operation} {right.name}", remedy)
    for right in sorted(declared - found):
        text = f"{right.principal} may not {right.operation} {right.name}"
        yield Finding("rights", text, "run `glasshouse provision --rights`")
    if found == declared:
        yield Finding("rights", f"{len(found)} rights, all declared")


def _lags(admin: AdminClient, settings: Settings, clock: Clock) -> Iterator[Finding]:
    for group, lags in group_lags(admin, settings).items():
        behind = [lag for lag in lags if lag.messages]
        worst = max((_waiting_ms(settings, lag, clock) for lag in behind), default=0)
        messages = sum(lag.messages for lag in behind)
        text = f"{messages:,} messages behind, the oldest waits {worst / MS_PER_HOUR:.1f} h"
        shortest_ms = min(SPEC[lag.topic].retention_ms for lag in behind) if behind else 1
        late = behind and shortest_ms > 0 and worst > _LAG_SHARE * shortest_ms
        remedy = "start more of them now: what expires unread is lost" if late else ""
        yield Finding(f"lag of {group}", text, remedy)


def _waiting_ms(settings: Settings, lag: Lag, clock: Clock) -> int:
    """How long the first message that the group has not committed has been waiting."""
    consumer = Consumer(client_config(settings, **{"group.id": "glasshouse-doctor"}))
    try:
        consumer.assign([TopicPartition(lag.topic.value, lag.partition, lag.committed)])
        message = consumer.poll(_ASK_TIMEOUT_S)
        if message is None or message.error():
            return 0
        return clock.now_ms() - message.timestamp()[1]
    finally:
        consumer.close()
