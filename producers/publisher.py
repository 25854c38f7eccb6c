"""Puts batches and consent records on their topics: at least once, each person's in order.

A message is never dropped in silence. It is acknowledged by Kafka, or the publisher raises:

1. ``publish`` hands it to librdkafka, whose buffer is bounded; while that is full, it waits.
2. librdkafka sends it, idempotently: repeats after a lost answer are the broker's to drop.
3. Its delivery report is counted. A final failure raises ``Stop`` from the next call.
4. ``flush`` returns once every report is in. Leaving the context flushes.

If the process dies before 4, what was not acknowledged is sent again by replaying the same input:
identities are deterministic, so repeats collapse.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from confluent_kafka import TIMESTAMP_CREATE_TIME, KafkaException, Message, Producer

from events import batch as batches
from events import consent as consents
from events.batch import InteractionBatch
from events.clock import Clock, SystemClock
from events.codec import Codec
from events.consent import ConsentRecord
from events.errors import ServerMissing, Stop
from events.kafka import client_config, end_offsets
from events.settings import Settings
from events.topics import Topic
from producers.deliveries import Deliveries, PublishReport

_WAIT_S = 0.1


def producer_config(settings: Settings) -> dict[str, Any]:
    """librdkafka properties of every producer that writes the input topics."""
    return client_config(
        settings,
        **{
            "enable.idempotence": True,
            # Java's default partitioner: whoever writes, a subject goes to the same partition.
            "partitioner": "murmur2_random",
            "queue.buffering.max.kbytes": settings.producer_buffer_bytes // 1024,
            # Many small messages at a time: what is sent together is compressed together.
            "linger.ms": 20,
            "batch.size": 1_000_000,
            "compression.type": "zstd",
            # Never: we give up ourselves after server_timeout_s, with all that is unsent known.
            "message.timeout.ms": 0,
        },
    )


class Publisher:
    """A producer for as long as its context lasts. Not for use by several threads."""

    def __init__(self, settings: Settings, codec: Codec, clock: Clock | None = None) -> None:
        self._settings = settings
        self._codec = codec
        self._clock = clock or SystemClock()
        self._producer = Producer(producer_config(settings))
        self._deliveries = Deliveries()
        self._reported = 0
        self._silent_since_s = self._clock.monotonic_s()

    @property
    def report(self) -> PublishReport:
        """What Kafka has acknowledged and refused so far; complete after ``flush``."""
        return self._deliveries.report()

    def publish(self, batch: InteractionBatch) -> None:
        """Send a batch under its subject. Waits while the buffer is full.

        Raises ``Stop`` if a delivery has failed for good, ``ServerMissing`` (a ``Stop``) if Kafka
        acknowledged nothing for ``server_timeout_s``, ``Retry`` if a schema registry is away.
        """
        value = self._codec.encode(batches.SCHEMA, batches.to_record(batch))
        self.publish_bytes(batch.header.subject, value, len(batch))

    def publish_bytes(self, subject: str, value: bytes, events: int) -> None:
        """Send a raw message as it is, encoded or broken on purpose. Raises as ``publish``."""
        self._send(Topic.RAW, subject.encode(), value, self._deliveries.raw(events))

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
        delivered = self._deliveries.raw(events)
        self._send(Topic.RAW, message.key(), message.value(), delivered, **place)

    def publish_consent(self, record: ConsentRecord) -> None:
        """Send a consent record under its own key. Raises as ``publish``."""
        value = self._codec.encode(consents.SCHEMA, consents.to_record(record))
        self._send(Topic.CONSENT, record.key, value, self._deliveries.delivered)

    def flush(self) -> None:
        """Return once everything handed over so far is acknowledged. Raises as ``publish``."""
        while len(self._producer):
            self._producer.flush(_WAIT_S)
            self._check()
        self._check()
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
                f"stopped by a second Ctrl-C: {len(self._producer)} messages are unsent. "
                "Run the same command again: what was sent already collapses with it."
            ) from None
        except Stop:
            if not isinstance(error, Stop):  # the first failure is the one to tell
                raise
        finally:
            self._producer.purge()
            self._producer.poll(0)  # what was purged is reported as failed

    def _send(
        self, topic: Topic, key: bytes | None, value: bytes | None, delivered: Any, **place: Any
    ) -> None:
        while True:
            self._producer.poll(0)
            self._check()
            if not len(self._producer):
                self._silent_since_s = self._clock.monotonic_s()
            try:
                self._producer.produce(topic.value, value, key, on_delivery=delivered, **place)
                break
            except BufferError:
                self._producer.poll(_WAIT_S)
            except KafkaException as error:
                raise Stop(
                    f"a message for {topic.value} was refused: {error.args[0].name()}"
                ) from None

    def _check(self) -> None:
        """Raise if a delivery failed, or if Kafka has been silent for too long."""
        deliveries = self._deliveries
        if deliveries.failures:
            names = ", ".join(sorted(deliveries.failures))
            raise Stop(
                f"{deliveries.failures.total()} messages were not delivered: {names}. "
                "Put right what Kafka complains of, then run the same command again."
            )
        if deliveries.reported != self._reported:
            self._reported = deliveries.reported
            self._silent_since_s = self._clock.monotonic_s()
        elif len(self._producer):
            silent_s = self._clock.monotonic_s() - self._silent_since_s
            if silent_s > self._settings.server_timeout_s:
                raise ServerMissing(
                    f"Kafka at {self._settings.kafka_servers} acknowledged nothing for "
                    f"{self._settings.server_timeout_s:g} s; {len(self._producer)} messages are "
                    "unsent. Check the broker, then run the same command again."
                )
