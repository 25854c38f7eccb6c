"""How far consumer groups have come: committed offsets against ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from events.errors import Retry
from events.topics import Topic

_ASK_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Lag:
    """Messages of a partition that a group has not committed yet."""

    topic: Topic
    partition: int
    committed: int
    end: int

    @property
    def messages(self) -> int:
        return max(0, self.end - self.committed)


def lags(
    admin: AdminClient, group: str, ends: Mapping[Topic, Mapping[int, int]]
) -> tuple[Lag, ...]:
    """The lag of ``group`` behind ``ends`` (offset after the last message, by partition); a
    partition without a commit counts from 0. ``Retry`` if the coordinator does not answer."""
    wanted = [
        TopicPartition(topic.value, partition)
        for topic, partitions in ends.items()
        for partition in partitions
    ]
    request = ConsumerGroupTopicPartitions(group, wanted)
    try:
        answer = admin.list_consumer_group_offsets([request], request_timeout=_ASK_TIMEOUT_S)
        positions = answer[group].result().topic_partitions or []
    except KafkaException as error:
        raise Retry(f"the offsets of group {group} are not to be had now") from error
    return tuple(
        Lag(
            Topic(position.topic),
            position.partition,
            max(0, position.offset),
            ends[Topic(position.topic)][position.partition],
        )
        for position in positions
    )
