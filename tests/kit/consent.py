"""Words in chains, as messages and in ledgers, without Kafka."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace

import fastavro

from events.codec import SINGLE_OBJECT_MAGIC, Codec
from events.consent import Word
from events.consent_message import Heard, heard
from events.consent_record import NOTHING, SALT_BYTES, SCHEMA, UNCHAINED, ConsentRecord, to_record
from events.schemas import bundled
from events.sealing import digest
from producers.consent_pen import Pen
from streams.ledger import Ledger
from tests.strategies import SEALING

#: A message of the consent topic: key and value.
Message = tuple[bytes, bytes | None]

DIGEST_KEY = SEALING.digest_key
_CODEC = Codec()
_FIRST = next(each for each in bundled() if (each.name, each.version) == (SCHEMA, 1))


def person(subject: str) -> bytes:
    """What the consent topic calls ``subject``."""
    return digest(DIGEST_KEY, subject)


def record(
    word: Word, number: int = 0, previous: bytes = NOTHING, salt: bytes = bytes(SALT_BYTES)
) -> ConsentRecord:
    """``word`` as one record, wherever it belongs."""
    unnamed = replace(word, subject="")
    return ConsentRecord(person(word.subject), unnamed, number, previous, salt)


def early(word: Word) -> ConsentRecord:
    """``word`` as a record of the first version: it had the name, no chain, and of the terms the
    version of the notice alone."""
    terms = word.terms and word.terms._replace(notice_sha256=b"", lawful_basis="")
    return ConsentRecord(person(word.subject), replace(word, terms=terms))


def early_value(word: Word) -> bytes:
    """``word`` as a program of the first version wrote it."""
    told = {
        "subject": word.subject,
        "purpose": word.purpose.value,
        "action": word.action.value,
        "notice_version": word.terms.notice_version if word.terms else "",
        "at_ms": word.at_ms,
    }
    body = io.BytesIO()
    fastavro.schemaless_writer(body, _FIRST.parsed, told)
    return SINGLE_OBJECT_MAGIC + _FIRST.fingerprint + body.getvalue()


def chained(words: Sequence[Word]) -> list[ConsentRecord]:
    """The records of ``words``, one behind the other; the same in every run."""
    return Pen(DIGEST_KEY, lambda: bytes(SALT_BYTES)).write_all(words)


def message_of(record: ConsentRecord) -> Message:
    if record.number == UNCHAINED:
        return record.key, early_value(record.word)
    return record.key, _CODEC.encode(SCHEMA, to_record(record))


def messages_of(words: Sequence[Word]) -> list[Message]:
    return [message_of(record) for record in chained(words)]


def heard_in(message: Message) -> Heard | None:
    """What a worker or a command hears in it."""
    return heard(*message, _CODEC, DIGEST_KEY)


def ledger_that_read(messages: Iterable[Message]) -> Ledger:
    """A ledger after these messages, as a worker takes them in."""
    ledger = Ledger()
    for message in messages:
        found = heard_in(message)
        if found and found.entry:
            ledger.take(found.person, found.purpose, found.entry)
        elif found:
            ledger.forget(found.person, found.purpose, found.name)
    return ledger


def ledger_of(words: Sequence[Word]) -> Ledger:
    return ledger_that_read(messages_of(words))
