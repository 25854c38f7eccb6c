"""Publishes people's words at their moments, and notes when Kafka had acknowledged each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, Message, Producer

from events.codec import Codec
from events.consent_record import SCHEMA, to_record
from events.settings import Settings
from events.topics import Topic
from producers.consent_pen import Pen
from tests.chaos.producer import named
from tests.chaos.words import Heard, Word
from tests.kit.consent import DIGEST_KEY


@dataclass(slots=True)
class Speaker:
    """``heard`` are the records in the order of their sending, each once it is acknowledged."""

    settings: Settings
    heard: list[Heard] = field(default_factory=list)
    _codec: Codec = field(default_factory=Codec)
    _pen: Pen = field(default_factory=lambda: Pen(DIGEST_KEY))

    def say(self, words: Sequence[Word], begun_s: float) -> None:
        """Each word at its moment after ``begun_s`` (wall time), one at a time: the next one is
        sent when Kafka has the one before."""
        producer = Producer({**named(self.settings), "linger.ms": 0})
        for word in words:
            time.sleep(max(0.0, begun_s + word.at_s - time.time()))
            self._send(producer, word)
            while len(producer):
                producer.poll(0.01)
        producer.flush()

    def say_at_once(self, words: Sequence[Word]) -> None:
        """All of them, before anything else runs."""
        producer = Producer(named(self.settings))
        for word in words:
            self._send(producer, word)
        producer.flush()

    def _send(self, producer: Producer, word: Word) -> None:
        said = word.said(time.time_ns() // 1_000_000)
        record = self._pen.write(said)

        def delivered(error: KafkaError | None, _: Message) -> None:
            assert error is None, error.name()
            self.heard.append(Heard(said, record, time.time_ns() // 1_000_000))

        value = self._codec.encode(SCHEMA, to_record(record))
        producer.produce(Topic.CONSENT.value, value, record.key, on_delivery=delivered)
