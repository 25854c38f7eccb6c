"""Sees what can be read of whom, and when: a reader of both purposes' topics, of committed messages
alone.

The moment is that at which the message came here. It could be read a little earlier: what is
measured is never too small for that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import numpy as np
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from events.codec import Codec
from events.columns import unpack
from events.kafka import client_config, end_offsets
from events.purposes import Purpose
from events.schemas import newest
from events.settings import Settings
from events.topics import PURPOSE_TOPIC, SPEC, Topic

_PURPOSE = {topic: purpose for purpose, topic in PURPOSE_TOPIC.items()}


@dataclass(slots=True)
class Watch:
    """``last_s``: when (monotonic) a message with rows of this person came last, by purpose."""

    settings: Settings
    codec: Codec
    pseudonyms: Mapping[tuple[Purpose, int], str]
    last_s: dict[tuple[str, Purpose], float] = field(default_factory=dict)
    batches: int = 0  # and partials, of everybody
    _ended: dict[tuple[Topic, int], int] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _failure: BaseException | None = None

    def __enter__(self) -> Watch:
        starts = {
            topic: end_offsets(self.settings, topic, range(self.settings.kafka_partitions))
            for topic in _PURPOSE
        }
        self._thread = threading.Thread(target=self._run, args=(starts,), name="watch")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def check(self) -> None:
        """Raise what ended the thread, if anything has."""
        if self._failure:
            raise self._failure

    def has_read_all(self) -> bool:
        """Whether all that is written now was seen."""
        return all(
            self._ended.get((topic, partition), -1) >= end
            for topic in _PURPOSE
            for partition, end in end_offsets(
                self.settings, topic, range(self.settings.kafka_partitions)
            ).items()
        )

    def _run(self, starts: Mapping[Topic, Mapping[int, int]]) -> None:
        more = {
            "group.id": str(uuid4()),
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 20,
        }
        consumer = Consumer(client_config(self.settings, **more))
        try:
            consumer.assign(
                [
                    TopicPartition(topic.value, partition, offset)
                    for topic, offsets in starts.items()
                    for partition, offset in offsets.items()
                ]
            )
            while not self._stop.is_set():
                for message in consumer.consume(500, timeout=0.01):
                    self._take(message, time.monotonic())
        except BaseException as error:
            self._failure = error
        finally:
            consumer.close()

    def _take(self, message: Message, now_s: float) -> None:
        topic, error = Topic(message.topic() or ""), message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                self._ended[topic, message.partition() or 0] = message.offset() or 0
            return
        schema, purpose = SPEC[topic].schema, _PURPOSE[topic]
        record = self.codec.decode(schema, message.value())
        found = unpack(record, newest(schema).packed)["pseudonym"]
        self.batches += len(found)
        for pseudonym in np.unique(found).tolist():
            if name := self.pseudonyms.get((purpose, pseudonym)):
                self.last_s[name, purpose] = now_s
