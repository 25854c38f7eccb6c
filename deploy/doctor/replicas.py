"""Has every partition the copies that it should have, and are they up to date?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, PartitionMetadata, ResourceType

from deploy.doctor.finding import Finding
from events.kafka import least_in_sync
from events.topics import TOPICS

_ASK_TIMEOUT_S = 5.0
#: Where Kafka itself remembers how far the groups have come, and which transactions are under way:
#: without the second no worker gets any output out. Only an administrator sees them.
_OF_KAFKA = ("__consumer_offsets", "__transaction_state")


def check_replicas(admin: AdminClient, wanted: int) -> Iterator[Finding]:
    """What is wrong with the copies of each topic; one finding that says so if nothing is. Topics
    that are missing are not told again, nor what this user may not see."""
    there = admin.list_topics(timeout=_ASK_TIMEOUT_S).topics
    faults = []
    for name in (*(spec.topic.value for spec in TOPICS), *_OF_KAFKA):
        if name in there and there[name].partitions:
            faults += list(_copies(name, list(there[name].partitions.values()), wanted))
            if wanted > 1:
                faults += list(_least(admin, name, least_in_sync(wanted)))
    yield from faults
    if not faults:
        yield Finding("replicas", f"{wanted} of every partition, all in sync")


def _copies(topic: str, partitions: Sequence[PartitionMetadata], wanted: int) -> Iterator[Finding]:
    check = f"replicas of {topic}"
    orphaned = sum(partition.leader < 0 for partition in partitions)
    behind = sum(len(partition.isrs) < len(partition.replicas) for partition in partitions)
    fewest = min(len(partition.replicas) for partition in partitions)
    if orphaned:
        remedy = "start the brokers that hold them; never elect another one by force"
        yield Finding(check, f"{orphaned} partition(s) cannot be used", remedy)
    elif behind:
        remedy = "start the broker that is away, or wait until it has caught up"
        yield Finding(check, f"{behind} partition(s) miss a replica in sync", remedy)
    if fewest < wanted:
        remedy = "add replicas with kafka-reassign-partitions, or put right --kafka-replicas"
        yield Finding(check, f"{fewest}, not {wanted}", remedy)


def _least(admin: AdminClient, topic: str, wanted: int) -> Iterator[Finding]:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    try:
        found = admin.describe_configs([resource], request_timeout=_ASK_TIMEOUT_S)
        entry = found[resource].result().get("min.insync.replicas")
    except KafkaException:
        return  # said with the topic
    if entry is not None and entry.value is not None and int(entry.value) < wanted:
        text = f"acknowledged with {entry.value} replica(s) in sync"
        remedy = f"set min.insync.replicas={wanted}: or one broker can take what was acknowledged"
        yield Finding(f"replicas of {topic}", text, remedy)
