"""Where a publisher keeps raw messages until Kafka has them: in memory, or in a spool on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message on its way. ``number`` grows in the order of appending; ``left_over``: an earlier
    run appended it."""

    number: int
    key: bytes = field(repr=False)
    value: bytes = field(repr=False)
    events: int
    left_over: bool = False


class Outbox(Protocol):
    """Messages in the order in which they were appended, and must be sent. Their number
    (``len``) is of those that Kafka is not known to have."""

    @property
    def durable(self) -> bool:
        """Whether what was appended outlives the process."""
        ...

    @property
    def after_a_stop(self) -> str:
        """What to tell a person about the messages that are unsent when the process ends."""
        ...

    def append(self, key: bytes, value: bytes, events: int) -> None:
        """Take a message whole, or raise ``SpoolFull`` and take nothing of it."""
        ...

    def first(self) -> Unsent | None:
        """The oldest message that was not handed over; None when all were."""
        ...

    def handed_over(self) -> None:
        """The message that ``first`` gives is with the client; go on to the next."""
        ...

    def acknowledged(self, number: int) -> None:
        """Kafka has it: it may be forgotten. Does no I/O."""
        ...

    def tidy(self, *, now: bool = False) -> None:
        """Forget what was acknowledged, if that is due, or ``now``."""
        ...

    def __len__(self) -> int: ...


class InMemory:
    """An outbox of one message: whoever appends waits until it was handed over."""

    durable = False
    after_a_stop = "Run the same command again: what was sent already collapses with it."

    def __init__(self) -> None:
        self._waiting: Unsent | None = None

    def append(self, key: bytes, value: bytes, events: int) -> None:
        self._waiting = Unsent(0, key, value, events)

    def first(self) -> Unsent | None:
        return self._waiting

    def handed_over(self) -> None:
        self._waiting = None

    def acknowledged(self, number: int) -> None:
        """Nothing is kept here once it was handed over."""

    def tidy(self, *, now: bool = False) -> None:
        """Nothing to do."""

    def __len__(self) -> int:
        return int(self._waiting is not None)
