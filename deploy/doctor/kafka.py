"""Is Kafka there, with the topics, the rights and the time that the promises need?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec, ResourceType

from deploy.doctor.finding import Finding
from deploy.doctor.policy import check_policy
from deploy.doctor.replicas import check_replicas
from deploy.kafka_rights import declared_rights, found_rights
from deploy.lag import Lag
from deploy.status import group_lags
from events.clock import MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE, Clock
from events.errors import ServerMissing
from events.kafka import partitions_of, wait_for_kafka
from events.settings import Settings
from events.topics import KEEPS_ALL_MS, SEGMENT_MS, SPEC, TOPICS, Topic, TopicSpec

_ASK_TIMEOUT_S = 5.0

#: A message that waits longer than this share of its retention is close to being lost.
_LAG_SHARE = 0.5

#: These three look the same from here (deploy/kafka_rights.py).
_NO_RIGHTS = "none to be seen: this user may not, or none are granted, or Kafka checks none"
_SEE_RIGHTS = (
    "ask as the operator; then `glasshouse provision --rights`, where there is an authorizer"
)

_AGES = (
    (7 * MS_PER_DAY, "a week"),
    (MS_PER_DAY, "a day"),
    (6 * MS_PER_HOUR, "6 hours"),
    (MS_PER_HOUR, "an hour"),
    (MS_PER_MINUTE, "a minute"),
)


def check_kafka(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Reachability; then topics, rights and lag."""
    try:
        admin = wait_for_kafka(settings)
    except ServerMissing as error:
        remedy = "start Kafka, or put right --kafka-servers, --kafka-tls and the principal"
        yield Finding("kafka", str(error), remedy)
        return
    yield Finding("kafka", f"answers at {settings.kafka_servers}")
    there = {spec.topic: partitions_of(admin, spec.topic) for spec in TOPICS}
    yield from _topics(admin, there)
    if there[Topic.POLICY]:
        yield from check_policy(settings)
    yield from check_replicas(admin, settings.kafka_replicas)
    yield from _rights(admin, settings)
    if all(there.values()):
        yield from _lags(admin, settings, clock)


def _topics(admin: AdminClient, there: Mapping[Topic, list[int]]) -> Iterator[Finding]:
    data = {len(found) for topic, found in there.items() if found and SPEC[topic].partitioned}
    for topic, found in there.items():
        check = f"topic {topic.value}"
        if not found:
            yield Finding(
                check, "is missing, or not shown to this user", "run `glasshouse provision`"
            )
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
        return Finding(
            check, f"configuration unknown: {error.args[0].name()}", "allow DESCRIBE_CONFIGS"
        )
    cleanup = config.get("cleanup.policy", "delete")
    if spec.compacted != ("compact" in cleanup):
        wanted = "compact" if spec.compacted else "delete"
        return Finding(check, f"cleanup.policy={cleanup}", f"set cleanup.policy={wanted}")
    retention_ms = int(config.get("retention.ms") or spec.retention_ms)
    kept = {retention_ms, int(config.get("retention.bytes") or KEEPS_ALL_MS)}
    if not spec.compacted and spec.retention_ms == KEEPS_ALL_MS and kept != {KEEPS_ALL_MS}:
        remedy = "set retention.ms=-1 and retention.bytes=-1: old versions must not be forgotten"
        return Finding(check, "does not keep everything", remedy)
    if not spec.compacted and KEEPS_ALL_MS < retention_ms < spec.retention_ms:
        hours = f"{retention_ms // MS_PER_HOUR:,} h"
        remedy = f"set retention.ms={spec.retention_ms}: a shorter outage than it loses events"
        return Finding(check, f"keeps only {hours}", remedy)
    segment_ms = int(config.get("segment.ms") or SEGMENT_MS)
    if segment_ms > SEGMENT_MS:
        days = f"{segment_ms / MS_PER_DAY:,.0f} days"
        remedy = f"set segment.ms={SEGMENT_MS}: nothing goes before its whole segment may"
        return Finding(check, f"keeps messages up to {days} beyond retention", remedy)
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
        yield Finding("rights", _NO_RIGHTS, _SEE_RIGHTS)
        return
    for right in sorted(found - declared):
        remedy = "take it away with kafka-acls --remove, unless it is declared"
        yield Finding("rights", f"{right.principal} may {right}", remedy)
    for right in sorted(declared - found):
        text = f"{right.principal} may not {right}"
        yield Finding("rights", text, "run `glasshouse provision --rights`")
    if found == declared:
        yield Finding("rights", f"{len(found)} rights, all declared")


def _lags(admin: AdminClient, settings: Settings, clock: Clock) -> Iterator[Finding]:
    now_ms = clock.now_ms()
    for group, lags in group_lags(admin, settings).items():
        check = f"lag of {group}"
        if not lags:
            yield Finding(check, "Kafka does not tell it to this user", "ask as the operator")
            continue
        behind = [lag for lag in lags if lag.messages]
        text = f"{sum(lag.messages for lag in behind):,} messages behind"
        try:
            late = [lag for lag in behind if _is_late(admin, lag, now_ms)]
            if behind:
                text += f", the oldest waits {_waiting(admin, behind, now_ms)}"
        except KafkaException as error:
            text += f"; since when is unknown: {error.args[0].name()}"
            yield Finding(check, text, "allow DESCRIBE on all topics")
            continue
        remedy = "start more of them now: what expires unread is lost" if late else ""
        yield Finding(check, text, remedy)


def _is_late(admin: AdminClient, lag: Lag, now_ms: int) -> bool:
    retention_ms = SPEC[lag.topic].retention_ms
    return retention_ms > 0 and waits_for(admin, [lag], int(_LAG_SHARE * retention_ms), now_ms)


def _waiting(admin: AdminClient, behind: Sequence[Lag], now_ms: int) -> str:
    """Since when the first of the messages ``behind`` stand for has been waiting, roughly."""
    for age_ms, text in _AGES:
        if waits_for(admin, behind, age_ms, now_ms):
            return f"more than {text}"
    return f"less than {_AGES[-1][1]}"


def waits_for(admin: AdminClient, behind: Sequence[Lag], age_ms: int, now_ms: int) -> bool:
    """Whether any of them has been waiting for ``age_ms``: the first message since then comes after
    the first that is not committed. Kafka knows this from its index of times, so no message is
    read, and the right to DESCRIBE is enough. Raises ``KafkaException``."""
    since = OffsetSpec.for_timestamp(now_ms - age_ms)
    asked = {TopicPartition(lag.topic.value, lag.partition): since for lag in behind}
    answers = admin.list_offsets(asked, request_timeout=_ASK_TIMEOUT_S)
    first = {(part.topic, part.partition): answer.result() for part, answer in answers.items()}
    found = [(lag, first[lag.topic.value, lag.partition]) for lag in behind]
    # No timestamp: nothing was written since then, so all that is unread is older.
    return any(since.timestamp < 0 or lag.committed < since.offset for lag, since in found)
