"""Everything a topic of a test's cluster holds."""

from __future__ import annotations

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from events.kafka import client_config
from events.settings import Settings
from events.topics import Topic

PARTITIONS = 4


def everything_on(topic: Topic, settings: Settings, partitions: int = PARTITIONS) -> list[Message]:
    """All messages of ``topic``, each partition's in its order."""
    consumer = Consumer(
        client_config(
            settings,
            **{"group.id": "test", "enable.partition.eof": True, "fetch.wait.max.ms": 50},
        )
    )
    ended: set[int] = set()
    messages: list[Message] = []
    try:
        consumer.assign(
            [TopicPartition(topic.value, part, OFFSET_BEGINNING) for part in range(partitions)]
        )
        while len(ended) < partitions:
            message = consumer.poll(10)
            assert message is not None, "the topic did not end in time"
            error = message.error()
            if error is None:
                messages.append(message)
            else:
                assert error.code() == KafkaError._PARTITION_EOF
                ended.add(message.partition() or 0)
    finally:
        consumer.close()
    return messages
