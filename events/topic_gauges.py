"""What Kafka says of the topics a process reads, as gauges: partitions, and how long it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from events.clock import MS_PER_S
from events.kafka import partitions_of
from events.log import log
from events.metrics import RETENTION_SECONDS, TOPIC_PARTITIONS
from events.topics import SPEC, Topic

_ASK_TIMEOUT_S = 5.0


def show_topics(admin: AdminClient, topics: Iterable[Topic]) -> None:
    """Set the gauges of ``topics``. Where Kafka does not tell how long it keeps, the topics' table
    does: `glasshouse doctor` compares the two."""
    for topic in topics:
        TOPIC_PARTITIONS.labels(topic.value).set(len(partitions_of(admin, topic)))
        RETENTION_SECONDS.labels(topic.value).set(retention_s(topic, _configuration(admin, topic)))


def retention_s(topic: Topic, configuration: Mapping[str, str]) -> float:
    """Seconds that Kafka keeps a message of ``topic``; infinite where it is compacted or kept."""
    spec = SPEC[topic]
    if spec.compacted:
        return float("inf")
    kept_ms = int(configuration.get("retention.ms") or spec.retention_ms)
    return kept_ms / MS_PER_S if kept_ms >= 0 else float("inf")


def _configuration(admin: AdminClient, topic: Topic) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic.value)
    try:
        asked = admin.describe_configs([resource], request_timeout=_ASK_TIMEOUT_S)
        return {name: entry.value for name, entry in asked[resource].result().items()}
    except KafkaException as error:
        reason = error.args[0].name()
        log.info("retention not told, the usual one is assumed", topic=topic.value, reason=reason)
        return {}
