"""Reads the consent topic from its start and proves, again and again, that nothing is missing.

The proof: ask the broker for the topic's end, then find that everything before that end has been
read. It is as old as the question. While it is older than allowed, the ledger is not current and
nothing passes. Every worker reads the whole topic; no consumer group is involved.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from events.clock import Clock
from events.codec import Codec
from events.consent import SCHEMA, from_record, key_parts
from events.errors import Reject, Retry, ServerMissing
from events.kafka import client_config
from events.log import log
from events.metrics import LEDGER_AGE_SECONDS, LEDGER_RECORDS
from events.settings import Settings
from events.topics import Topic
from streams.ledger import Ledger

_PARTITION = 0  # the ledger has one partition, see events/topics.py
_POLL_RECORDS = 5_000
_POLL_S = 0.05
_CHECK_S = 0.05
#: Most bytes that are read ahead of the ledger, in kB.
_READ_AHEAD_KB = 16_384


@dataclass(slots=True)
class LedgerReader:
    """Keeps ``ledger`` current from a thread of its own; ``current`` waits until it is."""

    settings: Settings
    codec: Codec
    clock: Clock
    ledger: Ledger = field(default_factory=Ledger)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _next_offset: int = 0
    _met_end: bool = False
    _proved_s: float = float("-inf")
    _trouble: str = "none"

    def start(self) -> None:
        """Begin to read; returns at once."""
        LEDGER_AGE_SECONDS.set_function(self._age_s)
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; the ledger is no longer current from then on."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    @property
    def proved_s(self) -> float:
        """When (monotonic) it was asked where the consent topic ends, for the last proof: all that
        Kafka had acknowledged by then is in the ledger."""
        return self._proved_s

    def is_current(self) -> bool:
        """Whether the last proof is younger than ``ledger_max_age_ms``."""
        return not self._stop.is_set() and self._age_s() * 1_000 <= self.settings.ledger_max_age_ms

    def _age_s(self) -> float:
        return self.clock.monotonic_s() - self._proved_s

    async def current(self) -> Ledger:
        """The ledger, once it is current. ``ServerMissing`` if that takes ``server_timeout_s``."""
        asked_s = self.clock.monotonic_s()
        while not self.is_current():
            if self.clock.monotonic_s() - asked_s > self.settings.server_timeout_s:
                raise ServerMissing(
                    f"the consent ledger could not be proved current for "
                    f"{self.settings.server_timeout_s:g} s; nothing was passed on meanwhile. "
                    f"Check that Kafka answers and that the topic `{Topic.CONSENT}` exists (last "
                    f"trouble: {self._trouble})."
                )
            await asyncio.sleep(_CHECK_S)
        return self.ledger

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
                    # No proof now: the ledger ages and the gate closes. What was handed out but
                    # not taken in when the fault came must be handed out again.
                    self._trouble = _named(error)
                    self._stop.wait(_POLL_S)
                    self._read_on(consumer)
        finally:
            consumer.close()

    def _read_on(self, consumer: Consumer) -> None:
        """Read from the first record that is not in the ledger yet."""
        self._met_end = False
        consumer.assign([TopicPartition(Topic.CONSENT.value, _PARTITION, self._next_offset)])

    def _prove(self, consumer: Consumer) -> None:
        """One round: 1 ask for the end, 2 read what there is, 3 compare."""
        asked_s = self.clock.monotonic_s()
        position = TopicPartition(Topic.CONSENT.value, _PARTITION)
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
        offset, value = message.offset() or 0, message.value()
        try:
            self.ledger.apply(from_record(self.codec.decode(SCHEMA, value)))
            LEDGER_RECORDS.inc()
        except Reject as refusal:
            # Compaction keeps this record in the place of the one before it under its key, so a
            # ledger that is read anew never sees that one: it must not count here either.
            parts = key_parts(message.key())
            if parts and value is None:
                self.ledger.forget(*parts)
            else:
                if parts:
                    self.ledger.doubt(*parts)
                log.warning("consent record refused", offset=offset, reason=refusal.reason.value)
        self._next_offset = offset + 1


def _named(error: KafkaException | Retry) -> str:
    cause = error.args[0] if error.args else None
    return cause.name() if isinstance(cause, KafkaError) else str(error)
