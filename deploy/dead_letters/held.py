"""What Kafka still holds of a topic: its id, and the first offset of each partition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique

from confluent_kafka import Consumer, KafkaException, TopicPartition
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from deploy.dead_letters.letter import Letter
from events.errors import ServerMissing
from events.kafka import client_config, partitions_of, topic_ids, wait_for_kafka
from events.settings import Settings
from events.topics import SPEC, Topic

_ASK_TIMEOUT_S = 5.0
_RETRY_S = 0.2


@unique
class Whereabouts(StrEnum):
    """Where the message of a dead letter is."""

    REDRIVEN = "redriven"  # a copy of it was judged
    IN_KAFKA = "in_kafka"
    GONE = "gone"  # retention has removed it, or its topic was deleted
    UNKNOWN = "unknown"  # Kafka was not asked, or this principal may not see the topic


@dataclass(frozen=True, slots=True)
class Held:
    """``low``: the first offset there is, by partition."""

    topic_id: str
    low: Mapping[int, int]

    def has(self, letter: Letter) -> bool:
        """Whether the message of ``letter`` is still there."""
        low = self.low.get(letter.partition)
        return letter.topic_id == self.topic_id and low is not None and letter.offset >= low


def held_by_kafka(settings: Settings, topics: Iterable[Topic]) -> dict[str, Held]:
    """What is held of each topic that can be seen; nothing where no Kafka is named. Raises
    ``ServerMissing``."""
    if not settings.kafka_servers:
        return {}
    admin = wait_for_kafka(settings)
    partitions = {topic: partitions_of(admin, topic) for topic in topics}
    seen = [topic for topic, numbers in partitions.items() if numbers]
    if not seen:
        return {}
    ids = topic_ids(admin, seen)
    consumer = Consumer(client_config(settings, **{"group.id": "glasshouse-dead-letters"}))
    # A partition may be between two leaders.
    patiently = Retrying(
        retry=retry_if_exception_type(KafkaException),
        stop=stop_after_delay(settings.server_timeout_s),
        wait=wait_fixed(_RETRY_S),
        reraise=True,
    )
    try:
        return {
            topic.value: Held(
                ids[topic],
                {number: patiently(_low, consumer, topic, number) for number in partitions[topic]},
            )
            for topic in seen
        }
    except KafkaException as error:
        raise ServerMissing(
            f"Kafka did not tell where its topics begin: {error.args[0].name()}"
        ) from None
    finally:
        consumer.close()


def _low(consumer: Consumer, topic: Topic, partition: int) -> int:
    position = TopicPartition(topic.value, partition)
    return int(consumer.get_watermark_offsets(position, _ASK_TIMEOUT_S, cached=False)[0])


def whereabouts(letter: Letter, held: Mapping[str, Held]) -> Whereabouts:
    """Where the message of ``letter`` is. Of a compacted topic the beginning says nothing."""
    if letter.copies:
        return Whereabouts.REDRIVEN
    known = held.get(letter.topic)
    if known is None or SPEC[Topic(letter.topic)].compacted:
        return Whereabouts.UNKNOWN
    return Whereabouts.IN_KAFKA if known.has(letter) else Whereabouts.GONE
