"""What librdkafka cannot read of what a producer wrote, and how its consumers go on behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import methodcaller
from typing import cast

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

_HEADERS = methodcaller("headers")


@dataclass(slots=True)
class StepOver:
    """Takes one consumer past batches that unpack to more than librdkafka takes (100 MB): it
    would ask for the same batch for ever. No sound message is in one."""

    _next: dict[tuple[str, int], int] = field(default_factory=dict)

    def at(self, consumer: Consumer, message: Message) -> bool:
        """Whether ``message`` only says that there is such a batch; ``consumer`` then reads on
        behind its first message that was not stepped over yet."""
        error = message.error()
        if error is None or error.code() != KafkaError._BAD_COMPRESSION:
            return False
        topic, partition = message.topic() or "", message.partition() or 0
        # The offset told is always that of the batch, wherever in it was asked for.
        tried = self._next.get((topic, partition), 0)
        offset = self._next[topic, partition] = max(tried, message.offset() or 0) + 1
        consumer.seek(TopicPartition(topic, partition, offset))
        return True


def headers_of(message: Message) -> list[tuple[str, bytes | None]]:
    """The headers of a message that was read; none where the name of one is not UTF-8.

    There the client gives back a list with a hole, and an error with it. Python sees that there are
    both and raises, but a call that it has specialised, since it is made often, does not look: then
    whoever touches the hole ends the process. So the call is made by way of ``methodcaller``, which
    always looks, and the list is taken out of the message, which would give it again.
    """
    try:
        # The client's hint also allows what only a producer hands over.
        return cast("list[tuple[str, bytes | None]]", _HEADERS(message) or [])
    except (SystemError, UnicodeDecodeError):
        message.set_headers([])
        return []
