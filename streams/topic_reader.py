"""Reads a topic of one partition from its start and proves, again and again, that nothing is
missing.

The proof: ask the broker for the topic's end, then find that everything before that end has been
read. It is as old as the question. While it is older than allowed, what was read is not current and
nothing passes. Every worker reads the whole topic; no consumer group is involved.
"""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from events.clock import Clock
from events.codec import Codec
from events.errors import Retry, ServerMissing
from events.kafka import client_config
from events.settings import Settings
from events.topics import Topic

_PARTITION = 0  # see events/topics.py
_POLL_RECORDS = 5_000
_POLL_S = 0.05
_CHECK_S = 0.05
#: Most bytes that are read ahead of what was taken in, in kB.
_READ_AHEAD_KB = 16_384


@dataclass(slots=True)
class TopicReader(ABC):
    """Keeps what is read from ``topic`` current from a thread of its own."""

    settings: Settings
    codec: Codec
    clock: Clock
    topic: Topic
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _next_offset: int = 0
    _met_end: bool = False
    _proved_s: float = float("-inf")
    _trouble: str = "none"

    @abstractmethod
    def _apply(self, offset: int, key: bytes | None, value: bytes | None) -> None:
        """Take a record in. Raises ``Retry`` where it has to be read again later."""

    def start(self) -> None:
        """Begin to read; returns at once."""
        self._thread = threading.Thread(target=self._run, name=self.topic.value, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; nothing is current from then on."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    @property
    def proved_s(self) -> float:
        """When (monotonic) it was asked where the topic ends, for the last proof: all that Kafka
        had acknowledged by then is taken in."""
        return self._proved_s

    def is_current(self) -> bool:
        """Whether the last proof is younger than ``ledger_max_age_ms``."""
        return not self._stop.is_set() and self.age_s() * 1_000 <= self.settings.ledger_max_age_ms

    def age_s(self) -> float:
        """Seconds since the last proof."""
        return self.clock.monotonic_s() - self._proved_s

    async def wait_until_current(self) -> None:
        """Return once it is current. ``ServerMissing`` if that takes ``server_timeout_s``."""
        asked_s = self.clock.monotonic_s()
        while not self.is_current():
            if self.clock.monotonic_s() - asked_s > self.settings.server_timeout_s:
                raise ServerMissing(
                    f"the topic `{self.topic}` could not be proved current for "
                    f"{self.settings.server_timeout_s:g} s; nothing was passed on meanwhile. "
                    f"Check that Kafka answers and that the topic exists (last trouble: "
                    f"{self._trouble})."
                )
            await asyncio.sleep(_CHECK_S)

    def _run(self) -> None:
        consumer = Consumer(
            client_config(
                self.settings,
                **{
                    # Never joined, but looked for: Kafka would refuse any other to a worker.
                    "group.id": self.settings.worker_group,
                    "enable.auto.commit": False,
                    "enable.partition.eof": True,
                    "auto.offset.reset": "error",
                    "fetch.wait.max.ms": 100,
                    "queued.max.messages.kbytes": _READ_AHEAD_KB,
                },
            )
        )
        try:
            self._read_on(consumer)
            while not self._stop.is_set():
                try:
                    self._prove(consumer)
                except (KafkaException, Retry) as error:
                    # No proof now: it ages and the gate closes. What was handed out but not taken
                    # in when the fault came must be handed out again.
                    self._trouble = _named(error)
                    self._stop.wait(_POLL_S)
                    self._read_on(consumer)
        finally:
            consumer.close()

    def _read_on(self, consumer: Consumer) -> None:
        """Read from the first record that was not taken in yet."""
        self._met_end = False
        consumer.assign([TopicPartition(self.topic.value, _PARTITION, self._next_offset)])

    def _prove(self, consumer: Consumer) -> None:
        """One round: 1 ask for the end, 2 read what there is, 3 compare."""
        asked_s = self.clock.monotonic_s()
        position = TopicPartition(self.topic.value, _PARTITION)
        timeout_s = self.settings.ledger_max_age_ms / 1_000
        low, end = consumer.get_watermark_offsets(position, timeout=timeout_s, cached=False)
        if self._next_offset < low:  # compacted or expired away before we came to it
            self._next_offset = low
            self._read_on(consumer)
        for message in consumer.consume(_POLL_RECORDS, timeout=_POLL_S):
            self._take(message)
        # The embedded broker names an end that is too early (events/kafka.py), so the end must
        # also have been met once while reading; after that, records arrive by the open fetch.
        if self._met_end and self._next_offset >= end:
            self._proved_s = asked_s

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is not None:
            if error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            self._met_end = True
            self._next_offset = max(self._next_offset, message.offset() or 0)
            return
        offset = message.offset() or 0
        self._apply(offset, message.key(), message.value())
        self._next_offset = offset + 1


def _named(error: KafkaException | Retry) -> str:
    cause = error.args[0] if error.args else None
    return cause.name() if isinstance(cause, KafkaError) else str(error)
