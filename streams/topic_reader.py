"""What a worker knows by a topic, kept current. While the last proof that all of it was read is
older than allowed (``streams.proved_reader``), it is not current, and nothing passes."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from confluent_kafka import Message

from events.clock import MS_PER_S, Clock
from events.codec import Codec
from events.errors import ServerMissing
from events.settings import Settings
from events.topics import Topic
from streams.proved_reader import ProvedReader

_CHECK_S = 0.05


@dataclass(slots=True)
class TopicReader(ABC):
    """Keeps what is read from ``topic`` current from a thread of its own."""

    settings: Settings
    codec: Codec
    clock: Clock
    topic: Topic
    _reader: ProvedReader = field(init=False)
    _proved_s: float = float("-inf")
    _stopped: bool = False

    def __post_init__(self) -> None:
        self._reader = ProvedReader(
            self.settings, self.topic, self.clock, self._take, self._was_proved
        )

    @abstractmethod
    def _apply(self, offset: int, key: bytes | None, value: bytes | None) -> None:
        """Take a record in. Raises ``Retry`` where it has to be read again later."""

    def start(self) -> None:
        """Begin to read; returns at once."""
        self._reader.start()

    def stop(self) -> None:
        """End the thread; nothing is current from then on."""
        self._stopped = True
        self._reader.stop()

    @property
    def proved_s(self) -> float:
        """When (monotonic) it was asked where the topic ends, for the last proof: all that Kafka
        had acknowledged by then is taken in."""
        return self._proved_s

    def is_current(self) -> bool:
        """Whether the last proof is younger than ``ledger_max_age_ms``."""
        return not self._stopped and self.age_s() * MS_PER_S <= self.settings.ledger_max_age_ms

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
                    f"{self._reader.trouble})."
                )
            await asyncio.sleep(_CHECK_S)

    def _take(self, message: Message) -> None:
        self._apply(message.offset() or 0, message.key(), message.value())

    def _was_proved(self, asked_s: float) -> None:
        self._proved_s = asked_s
