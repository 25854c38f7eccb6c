"""Whether the raw message really yields the id of a row, while Kafka still has it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from confluent_kafka import Message

from deploy.dead_letters.held import Held
from deploy.dead_letters.read import Reader
from deploy.trace.books import Account
from events.codec import Codec
from events.purposes import Purpose
from streams.decode import RawMessage, decode
from streams.keys import KeyRing
from streams.pseudonymise import keyed_id


@unique
class Source(StrEnum):
    """What the raw message says of the row."""

    YIELDS_IT = "yields it"
    YIELDS_ANOTHER = "yields another id"
    REFUSED = "cannot be read"
    GONE = "gone"  # retention has removed it, or its topic was deleted
    UNKNOWN = "unknown"  # Kafka was not asked, or this user may not see the topic


@dataclass(frozen=True, slots=True)
class Finding:
    """``events``: how many the message has; -1 where it was not read."""

    source: Source
    events: int = -1


def look_up(account: Account, held: Held | None, reader: Reader | None) -> Message | None:
    """The raw message of ``account``; None where Kafka has it no more."""
    if held is None or reader is None or held.topic_id != account.topic_id:
        return None
    if account.offset < held.low.get(account.partition, account.offset + 1):
        return None
    return reader.at((account.partition, account.offset))


def examine(
    message: Message | None, purpose: Purpose, batch: int, ring: KeyRing, codec: Codec
) -> Finding:
    """Whether ``message`` yields rows of ``purpose`` with the id ``batch``. Of what is in it only
    the header's batch id and time are looked at, and nothing is handed on but the number of events.
    Raises ``Retry`` where a registry is away."""
    if message is None:
        return Finding(Source.GONE)
    raw = RawMessage(message.offset() or 0, message.timestamp()[1], message.value())
    batches, broken = decode([raw], codec)
    if broken:
        return Finding(Source.REFUSED)
    (header,) = batches.headers
    keys = ring.at(header.base_time_ms).keys
    yields = bool(keys) and keyed_id(keys[purpose], "batch", header.batch_id) == batch
    source = Source.YIELDS_IT if yields else Source.YIELDS_ANOTHER
    return Finding(source, len(batches.action))
