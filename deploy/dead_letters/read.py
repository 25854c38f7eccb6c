"""Reads single messages of the raw topic by their coordinates. Commits nothing, joins no group."""

from __future__ import annotations

from types import TracebackType

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from deploy.dead_letters.letter import Place
from events.clock import Clock, SystemClock
from events.errors import ServerMissing, Stop
from events.kafka import client_config
from events.settings import Settings
from events.topics import Topic
from events.unreadable import StepOver

_POLL_S = 0.2
#: Reading on over this many messages is quicker than to ask for another place.
_READ_ON_MESSAGES = 1_000
#: What librdkafka may fetch ahead.
_AHEAD_KBYTES = 16_384

#: librdkafka properties of a consumer that only looks.
LOOKING = {
    "group.id": "glasshouse-dead-letters",  # never joined; assign() needs a name
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "auto.offset.reset": "earliest",
    "queued.max.messages.kbytes": _AHEAD_KBYTES,
    "fetch.wait.max.ms": 50,  # the end is told only after this wait
}


class Reader:
    """A consumer for as long as its context lasts. Places in rising order are read fastest."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._consumer = Consumer(client_config(settings, **LOOKING))
        self._patience_s = settings.server_timeout_s
        self._next: Place = (-1, -1)
        self._step_over = StepOver()

    def at(self, place: Place) -> Message | None:
        """The message at ``place``; None where there is none any more. Raises ``ServerMissing``
        after ``server_timeout_s``, and ``Stop`` where Kafka refuses."""
        partition, offset = place
        ahead = offset - self._next[1]
        reads_on = self._next[0] == partition and 0 <= ahead <= _READ_ON_MESSAGES
        if not reads_on:
            self._go_to(partition, offset)
        give_up_s = self._clock.monotonic_s() + self._patience_s
        while self._clock.monotonic_s() < give_up_s:
            message = self._consumer.poll(_POLL_S)
            if message is None:
                continue
            if is_end(message):
                if not reads_on:
                    self._next = (-1, -1)  # the end is told once only
                    return None
                # It was the end when it was fetched, which may be long ago.
                reads_on = False
                self._go_to(partition, offset)
                continue
            if self._step_over.at(self._consumer, message) or message.error() is not None:
                continue
            found = message.offset() or 0
            self._next = (partition, found + 1)
            if found >= offset:
                return message if found == offset else None
        raise ServerMissing(
            f"Kafka did not give a message of {Topic.RAW.value}, partition {partition}, for "
            f"{self._patience_s:g} s. Check the broker, then run the same command again."
        )

    def _go_to(self, partition: int, offset: int) -> None:
        self._consumer.assign([TopicPartition(Topic.RAW.value, partition, offset)])
        self._next = (partition, offset)

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._consumer.close()


def is_end(message: Message) -> bool:
    """Whether ``message`` only says that a partition has no more. Raises ``Stop`` where Kafka
    forbids to read; other errors librdkafka gets over by itself."""
    error = message.error()
    if error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        raise Stop(
            f"Kafka does not let this user read {Topic.RAW.value}: act as `redriver`, and run "
            "`glasshouse provision --rights` as administrator if it lacks the right."
        )
    return error is not None and error.code() == KafkaError._PARTITION_EOF
