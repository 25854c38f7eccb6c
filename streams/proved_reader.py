"""Reads a topic of one partition from its start, and proves again and again that it has it all.

The proof: ask the broker for the topic's end, then find that everything before that end has been
read. It is as old as the question. Between two proofs, what comes is read as soon as it comes.
Every worker reads the whole topic; no consumer group is involved.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from events.clock import MS_PER_S, Clock
from events.errors import Retry
from events.kafka import arrived, client_config
from events.settings import Settings
from events.topics import Topic

_PARTITION = 0  # see events/topics.py
_POLL_RECORDS = 5_000
_POLL_S = 0.1
#: As many proofs are made in the time that one serves for: the loss of one does not matter.
_PROOFS_A_TIME = 5
#: Most bytes that are read ahead of what was taken in, in kB.
_READ_AHEAD_KB = 16_384


@dataclass(slots=True)
class ProvedReader:
    """Hands each record of ``topic``, in its order and once, to ``take``, and the moment (monotonic
    seconds) of each proof to ``proved``, from a thread of its own.

    ``take`` may raise ``Retry`` (a schema registry is away): it is handed the same record again.
    """

    settings: Settings
    topic: Topic
    clock: Clock
    take: Callable[[Message], None]
    proved: Callable[[float], None]
    trouble: str = "none"
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _next_offset: int = 0
    _met_end: bool = False

    def start(self) -> None:
        """Begin to read; returns at once."""
        self._thread = threading.Thread(target=self._run, name=self.topic.value, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        consumer = Consumer(
            client_config(
                self.settings,
                **{
                    # Never joined, but looked for: one that a worker has a right to.
                    "group.id": self.settings.worker_group,
                    "enable.auto.commit": False,
                    "enable.partition.eof": True,
                    "auto.offset.reset": "error",
                    "fetch.wait.max.ms": 100,
                    "queued.max.messages.kbytes": _READ_AHEAD_KB,
                },
            )
        )
        pause_s = self.settings.ledger_max_age_ms / MS_PER_S / _PROOFS_A_TIME
        try:
            self._read_on(consumer)
            while not self._stop.is_set():
                try:
                    if self._prove(consumer):
                        self._read_meanwhile(consumer, pause_s)
                except (KafkaException, Retry) as error:
                    # No proof now. What was handed out but not taken in must be handed out again.
                    self.trouble = named(error)
                    self._stop.wait(_POLL_S)
                    self._read_on(consumer)
        finally:
            consumer.close()

    def _read_on(self, consumer: Consumer) -> None:
        """Read from the first record that was not taken yet."""
        self._met_end = False
        consumer.assign([TopicPartition(self.topic.value, _PARTITION, self._next_offset)])

    def _prove(self, consumer: Consumer) -> bool:
        """One round: 1 ask for the end, 2 read what there is, 3 compare. Whether it is proved."""
        asked_s = self.clock.monotonic_s()
        position = TopicPartition(self.topic.value, _PARTITION)
        timeout_s = self.settings.ledger_max_age_ms / MS_PER_S
        low, end = consumer.get_watermark_offsets(position, timeout=timeout_s, cached=False)
        if self._next_offset < low:
            self._next_offset = low
            self._read_on(consumer)
        while self._read(consumer) and self._next_offset < end and not self._stop.is_set():
            pass
        # The embedded broker names an end that is too early (events/kafka.py), so the end must
        # also have been met once while reading; after that, records arrive by the open fetch.
        if self._met_end and self._next_offset >= end:
            self.proved(asked_s)
            return True
        return False

    def _read_meanwhile(self, consumer: Consumer, pause_s: float) -> None:
        """Read for so long at most; less where much comes: then the next proof is due sooner."""
        for _ in range(round(pause_s / _POLL_S)):
            if self._stop.is_set():
                return
            self._read(consumer)

    def _read(self, consumer: Consumer) -> bool:
        """Wait a moment for a record, and take in all that came. Whether anything did."""
        messages = arrived(consumer, _POLL_RECORDS, _POLL_S)
        for message in messages:
            self._hand_on(message)
        return bool(messages)

    def _hand_on(self, message: Message) -> None:
        error, offset = message.error(), message.offset() or 0
        if error is None:
            self.take(message)
            self._next_offset = offset + 1
        elif error.code() == KafkaError._PARTITION_EOF:
            self._met_end = True
            self._next_offset = max(self._next_offset, offset)
        elif error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:  # who reads alone has none
            raise KafkaException(error)


def named(error: KafkaException | Retry) -> str:
    """What it was, for a person."""
    cause = error.args[0] if error.args else None
    return cause.name() if isinstance(cause, KafkaError) else str(error)
