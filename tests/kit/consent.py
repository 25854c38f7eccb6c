"""Words in chains, as messages and in ledgers, without Kafka."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from events.codec import Codec
from events.consent import SALT_BYTES, SCHEMA, ConsentRecord, Word, to_record
from events.consent_message import heard
from producers.consent_pen import Pen
from streams.ledger import Ledger

#: A message of the consent topic: key and value.
Message = tuple[bytes, bytes | None]

_CODEC = Codec()


def chained(words: Sequence[Word]) -> list[ConsentRecord]:
    """The records of ``words``, one behind the other; the same in every run."""
    return Pen(lambda: bytes(SALT_BYTES)).write_all(words)


def message_of(record: ConsentRecord) -> Message:
    return record.key, _CODEC.encode(SCHEMA, to_record(record))


def messages_of(words: Sequence[Word]) -> list[Message]:
    return [message_of(record) for record in chained(words)]


def ledger_that_read(messages: Iterable[Message]) -> Ledger:
    """A ledger after these messages, as a worker takes them in."""
    ledger = Ledger()
    for key, value in messages:
        found = heard(key, value, _CODEC)
        if found and found.entry:
            ledger.take(found.person, found.purpose, found.entry)
        elif found:
            ledger.forget(found.person, found.purpose, found.name)
    return ledger


def ledger_of(words: Sequence[Word]) -> Ledger:
    return ledger_that_read(messages_of(words))
