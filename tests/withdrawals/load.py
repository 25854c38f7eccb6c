"""Everybody publishes all the time: before they withdraw, and after it."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from events.batch import InteractionBatch
from events.codec import Codec
from events.settings import Settings
from producers.publisher import Publisher
from tests.withdrawals.people import People

_TICK_S = 0.02
#: So many batches are remembered for a replay.
_REMEMBERED = 5_000


@dataclass(slots=True)
class Load:
    """A batch of each person every ``every_s``. ``replay_share`` of what is sent are batches that
    were sent before, by people who may have withdrawn since."""

    settings: Settings
    codec: Codec
    people: People
    every_s: float
    replay_share: float
    events: int = 0
    replayed: int = 0
    _sent: deque[InteractionBatch] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _failure: BaseException | None = None

    def __enter__(self) -> Load:
        self._thread = threading.Thread(target=self._run, name="load")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Publish no more; returns once Kafka has acknowledged all of it."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def check(self) -> None:
        """Raise what ended the thread, if anything has."""
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        names, chance = self.people.names, random.Random(1)
        started_s, due = time.monotonic(), 0
        try:
            with Publisher(self.settings, self.codec) as publisher:
                while not self._stop.wait(_TICK_S):
                    publisher.poll()
                    passed = int((time.monotonic() - started_s) / self.every_s * len(names))
                    for number in range(due, passed):
                        self._publish(publisher, names[number % len(names)], chance)
                    due = passed
        except BaseException as error:
            self._failure = error

    def _publish(self, publisher: Publisher, name: str, chance: random.Random) -> None:
        if self._sent and chance.random() < self.replay_share:
            again = self._sent[chance.randrange(len(self._sent))]
            publisher.publish(again)
            self.replayed += len(again)
        batch = self.people.batch_of(name)
        publisher.publish(batch)
        self._sent.append(batch)
        self.events += len(batch)
