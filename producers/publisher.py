"""Puts batches and consent records on their topics: at least once, each session's in order.

A message is never dropped in silence. It is acknowledged by Kafka, or the publisher raises:

1. ``publish`` appends it to the outbox: a spool on disk, or one place in memory.
2. It is handed to librdkafka, in the order of appending, whose buffer is bounded. While that is
   full, a spooled message waits on disk; without a spool, ``publish`` waits.
3. librdkafka sends it, idempotently: repeats after a lost answer are the broker's to drop.
4. Its delivery report is counted. A final failure raises ``Stop`` from the next call.
5. What Kafka has acknowledged is removed from the spool.
6. ``flush`` returns once every report is in. Leaving the context flushes.

If the process dies after 1 and before 5, a spooled message is sent by the next start, before all
that is new. Without a spool it is sent again by replaying the same input. Either way identities are
deterministic, so repeats collapse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any

from confluent_kafka import (
    TIMESTAMP_CREATE_TIME,
    KafkaError,
    KafkaException,
    Message,
    Producer,
)

from events import batch as batches
from events import consent_record as consents
from events.batch import InteractionBatch
from events.clock import Clock, SystemClock
from events.codec import Codec
from events.consent import ConsentAction, Word
from events.consent_record import ConsentRecord
from events.errors import ServerMissing, SpoolFull, Stop
from events.kafka import end_offsets
from events.metrics import SPOOL_FULL
from events.sealing import routing_key
from events.sealing_file import digest_key_of, load_sealing
from events.settings import Settings
from events.topics import Topic
from producers.client import producer_config
from producers.consent_pen import written
from producers.deliveries import Deliveries, PublishReport
from producers.enrolment import Enrolment
from producers.sealer import Sealer
from producers.unsent import InMemory, Outbox, Unsent

_WAIT_S = 0.1


def _not_in_an_outbox(number: int) -> None:
    """What is sent again stands in Kafka already: nothing is to be forgotten."""


def _refused(topic: Topic, error: KafkaError) -> Stop:
    return Stop(f"a message for {topic.value} was refused: {error.name()}")


def _raise(full: SpoolFull) -> None:
    """A live producer cannot wait: whoever called decides what becomes of the batch."""
    raise full


class Publisher:
    """A producer for as long as its context lasts. Not for use by several threads.

    ``outbox``: where raw messages wait for Kafka; none: in memory. ``when_full`` is called with a
    full spool's refusals: it raises, so that ``publish`` does, or returns, and ``publish`` waits.
    """

    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        clock: Clock | None = None,
        outbox: Outbox | None = None,
        when_full: Callable[[SpoolFull], None] = _raise,
    ) -> None:
        self._settings = settings
        self._codec = codec
        self._clock = clock or SystemClock()
        self._producer = Producer(producer_config(settings))
        self._outbox: Outbox = InMemory() if outbox is None else outbox  # an empty one is falsy
        self._when_full = when_full
        self._deliveries = Deliveries()
        self._sealer: Sealer | None = None
        self._reported = 0
        self._silent_since_s = self._clock.monotonic_s()

    @property
    def sealer(self) -> Sealer:
        """What seals the batches. ``SettingsError`` where the settings name no key for it."""
        if self._sealer is None:
            self._sealer = Sealer(load_sealing(self._settings.sealing_path))
        return self._sealer

    @property
    def report(self) -> PublishReport:
        """What Kafka has acknowledged and refused so far; complete after ``flush``."""
        return self._deliveries.report()

    @property
    def spooled(self) -> int | None:
        """Messages in the spool that Kafka is not known to have; None without a spool."""
        return len(self._outbox) if self._outbox.durable else None

    def publish(self, batch: InteractionBatch) -> None:
        """Seal a batch and send it, its session's in order. On return it is in the spool; without
        one, it is with librdkafka, which is waited for while its buffer is full.

        Raises ``SettingsError`` if there is no key to seal to, ``InputError`` if the person's name
        does not fit, ``Retry`` if a schema registry is away, and ``SpoolFull`` (a ``Retry``) if the
        spool has no room: the batch was not taken. Raises ``Stop`` if a delivery has failed for
        good, and where it waits ``ServerMissing`` (a ``Stop``) if Kafka acknowledged nothing for
        ``server_timeout_s``.
        """
        sealed = self.sealer.sealed(batch)
        value = self._codec.encode(batches.SCHEMA, batches.to_record(sealed))
        self.publish_bytes(routing_key(sealed.header.sealed_subject), value, len(batch))

    def publish_bytes(self, key: bytes, value: bytes, events: int) -> None:
        """Send a raw message as it is, encoded or broken on purpose; those with the same ``key``,
        which must tell nothing of anybody, stay in order. Raises as ``publish``."""
        self.poll()
        self._append(key, value, events)
        while not self._hand_over() and not self._outbox.durable:
            self._wait()

    def publish_again(
        self, message: Message, headers: list[tuple[str, bytes | None]], events: int
    ) -> None:
        """Send a message that was read from the raw topic to it once more: the same key, value
        and partition, the time that its producer gave it, and ``headers``. Raises as ``publish``.
        """
        kind, time_ms = message.timestamp()
        place: dict[str, Any] = {"partition": message.partition(), "headers": headers}
        if kind == TIMESTAMP_CREATE_TIME:
            place["timestamp"] = time_ms
        delivered = self._deliveries.raw(Unsent(0, b"", b"", events), _not_in_an_outbox)
        self._send(Topic.RAW, message.key(), message.value(), delivered, **place)

    def publish_words(self, words: Sequence[Word]) -> list[ConsentRecord]:
        """Send ``words`` as records, each under its own key, behind what the topic holds of its
        person and purpose now. Whoever grants has a secret before Kafka is sent the grant
        (``Enrolment``, also for what it raises). Flush before the next words of the same people.

        Raises as ``publish``, and ``SettingsError`` where the sealing file is one for producers:
        it takes the digest key to say whose a word is.
        """
        if not words:
            return []
        settings, path = self._settings, self._settings.sealing_path
        sealing = load_sealing(path)
        records = written(words, digest_key_of(sealing, path), settings, self._codec)
        granting = [word.subject for word in words if word.action is ConsentAction.GRANT]
        if granting:
            Enrolment(settings, self._codec, sealing, self._clock).enrol(granting)
        for record in records:
            self.publish_consent(record)
        return records

    def publish_consent(self, record: ConsentRecord) -> None:
        """Send one record as it is. Raises as ``publish``."""
        value = self._codec.encode(consents.SCHEMA, consents.to_record(record))
        self._send(Topic.CONSENT, record.key, value, self._deliveries.delivered)

    def take_out(self, keys: Iterable[bytes]) -> None:
        """Take the consent records under ``keys`` out of their topic, for good: by messages without
        a value, behind which Kafka removes them when it compacts. Raises as ``publish``."""
        for key in keys:
            self._send(Topic.CONSENT, key, None, self._deliveries.delivered)

    def poll(self) -> None:
        """Hear what Kafka has acknowledged, and hand over what waits, without waiting. For whoever
        has nothing to publish for a while: about once a second. Raises as ``publish``."""
        self._producer.poll(0)
        self._check()
        if not self._unsent:
            self._silent_since_s = self._clock.monotonic_s()
        if not self._outbox.durable:
            self._check_silence()
        self._outbox.tidy()
        self._hand_over()

    def flush(self) -> None:
        """Return once everything taken so far is acknowledged. Raises as ``publish``."""
        while not self._hand_over() or len(self._producer):
            self._producer.flush(_WAIT_S)
            self._check()
            self._check_silence()
            self._outbox.tidy()
        self._check()
        self._outbox.tidy(now=True)
        if self._deliveries.unplaced:
            ends = end_offsets(self._settings, Topic.RAW, self._deliveries.unplaced)
            self._deliveries.raw_ends.update(ends)
            self._deliveries.unplaced.clear()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Flush, also after Ctrl-C; a second Ctrl-C meanwhile gives up with ``Stop``."""
        try:
            if not isinstance(error, ServerMissing):
                self.flush()
        except KeyboardInterrupt:
            raise Stop(
                f"stopped by a second Ctrl-C: {self._unsent} messages are unsent. "
                f"{self._outbox.after_a_stop}"
            ) from None
        except Stop:
            if not isinstance(error, Stop):  # the first failure is the one to tell
                raise
        finally:
            self._producer.purge()
            self._producer.poll(0)  # what was purged is reported as failed

    @property
    def _unsent(self) -> int:
        """Messages that Kafka is not known to have."""
        waiting, handed_over = len(self._outbox), len(self._producer)
        return max(waiting, handed_over) if self._outbox.durable else waiting + handed_over

    def _append(self, key: bytes, value: bytes, events: int) -> None:
        refused = False
        while True:
            try:
                self._outbox.append(key, value, events)
                return
            except SpoolFull as full:
                if not refused:
                    refused = True
                    SPOOL_FULL.inc()
                self._when_full(full)
                self._wait()
                self._hand_over()

    def _hand_over(self) -> bool:
        """Give librdkafka what it has room for, oldest first; whether that was all."""
        while (message := self._outbox.first()) is not None:
            delivered = self._deliveries.raw(message, self._outbox.acknowledged)
            try:
                self._producer.produce(
                    Topic.RAW.value, message.value, message.key, on_delivery=delivered
                )
            except BufferError:
                return False
            except KafkaException as error:
                self._give_up(message, error.args[0])
                raise _refused(Topic.RAW, error.args[0]) from None
            self._outbox.handed_over()
        return True

    def _give_up(self, message: Unsent, error: KafkaError) -> None:
        """A message that no start will ever send must not stand before all others."""
        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE or not self._outbox.durable:
            self._outbox.handed_over()
            self._outbox.acknowledged(message.number)

    def _send(
        self, topic: Topic, key: bytes | None, value: bytes | None, delivered: Any, **place: Any
    ) -> None:
        """Send what is not kept in the outbox."""
        self.poll()
        while True:
            try:
                self._producer.produce(topic.value, value, key, on_delivery=delivered, **place)
                return
            except BufferError:
                self._wait()
            except KafkaException as error:
                raise _refused(topic, error.args[0]) from None

    def _wait(self) -> None:
        self._producer.poll(_WAIT_S)
        self._check()
        self._check_silence()
        self._outbox.tidy()

    def _check(self) -> None:
        """Raise if a delivery failed for good."""
        deliveries = self._deliveries
        if deliveries.failures:
            names = ", ".join(sorted(deliveries.failures))
            raise Stop(
                f"{deliveries.failures.total()} messages were not delivered: {names}. "
                f"Put right what Kafka complains of. {self._outbox.after_a_stop}"
            )
        if deliveries.reported != self._reported:
            self._reported = deliveries.reported
            self._silent_since_s = self._clock.monotonic_s()

    def _check_silence(self) -> None:
        """Raise if Kafka owes answers and has been silent for too long."""
        silent_s = self._clock.monotonic_s() - self._silent_since_s
        if len(self._producer) and silent_s > self._settings.server_timeout_s:
            raise ServerMissing(
                f"Kafka at {self._settings.kafka_servers} acknowledged nothing for "
                f"{self._settings.server_timeout_s:g} s; {self._unsent} messages are "
                f"unsent. Check the broker. {self._outbox.after_a_stop}"
            )
