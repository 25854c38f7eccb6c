"""Messages of one partition as one: what Faust does for each message, it does for many at once.

For each message Faust makes two tasks, turns the event loop around and keeps books: some 200 us,
as much as we take to judge 256 events. So its consumer hands on bundles of messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from faust.serializers.codecs import Codec


class Message(Protocol):
    """What a worker uses of aiokafka's record: ``offset``; ``timestamp`` is Kafka's, in ms."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


Messages = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """One or more messages, in order, with all that Faust asks of a record: offset and timestamp
    are those of the last one, so that whoever has acknowledged that one has done with all."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: Messages = field(repr=False)
    timestamp_type: int = 0
    headers: tuple[()] = ()
    key: None = None
    checksum: None = None
    serialized_key_size: int = -1
    serialized_value_size: int = -1


def bundled(messages: Sequence[Any]) -> Bundle:
    """``messages`` of one partition, as aiokafka reads them, one or more."""
    last = messages[-1]
    return Bundle(last.topic, last.partition, last.offset, last.timestamp, tuple(messages))


class AsItIs(Codec):
    """A bundle's value is no bytes, and nothing is to be done with it."""

    def _loads(self, s: Any) -> Any:
        return s

    def _dumps(self, s: Any) -> bytes:
        raise NotImplementedError("a worker sends nothing by Faust")
