"""What a message of the consent topic says of whom, however broken it is."""

from __future__ import annotations

from typing import NamedTuple

from events.codec import Codec
from events.consent import NOES, SCHEMA, ConsentRecord, from_record
from events.consent_chain import Entry, entry_of
from events.consent_key import key_parts, person_of
from events.errors import Reject
from events.purposes import Purpose


class Heard(NamedTuple):
    """``entry`` is None where the record called ``name`` was taken out of the topic. ``record`` is
    there where it can be read, also where it is not what its key says."""

    person: str
    purpose: Purpose
    name: bytes
    entry: Entry | None
    record: ConsentRecord | None = None


def heard(key: bytes | None, value: bytes | None, codec: Codec) -> Heard | None:
    """What a message says; None where its key is not one of a record: then nobody said it. It is
    about whom its key names: a record under another key than its own was changed, and breaks that
    person's chain. Raises ``Retry`` if a schema registry is needed and away."""
    record = _read(value, codec)
    if record and record.key == key:
        person = person_of(record.word.subject)
        return Heard(person, record.word.purpose, record.name, entry_of(record), record)
    parts = key_parts(key)
    if parts is None:
        return None
    if value is None:
        return Heard(*parts, None)
    theirs = record and (person_of(record.word.subject), record.word.purpose) == parts[:2]
    no = record.word.action if record and theirs and record.word.action in NOES else None
    return Heard(*parts, Entry(parts.name, no, sound=False), record)


def _read(value: bytes | None, codec: Codec) -> ConsentRecord | None:
    try:
        return None if value is None else from_record(codec.decode(SCHEMA, value))
    except Reject:
        return None
