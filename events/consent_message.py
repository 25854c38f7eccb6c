"""What a message of the consent topic says of whom, however broken it is."""

from __future__ import annotations

from typing import NamedTuple

from events.codec import Codec
from events.consent import NOES
from events.consent_chain import Entry, entry_of
from events.consent_key import key_parts
from events.consent_record import SCHEMA, ConsentRecord, from_record
from events.errors import Reject
from events.purposes import Purpose


class Heard(NamedTuple):
    """``entry`` is None where the record called ``name`` was taken out of the topic. ``record`` is
    there where it can be read, also where it is not what its key says."""

    person: bytes
    purpose: Purpose
    name: bytes
    entry: Entry | None
    record: ConsentRecord | None = None


def heard(key: bytes | None, value: bytes | None, codec: Codec, digest_key: bytes) -> Heard | None:
    """What a message says; None where its key is not one of a record: then nobody said it. It is
    about whom its key names: a record under another key than its own was changed, and breaks that
    person's chain. Raises ``Retry`` if a schema registry is needed and away."""
    record = _read(value, codec, digest_key)
    if record and record.key == key:
        return Heard(record.person, record.word.purpose, record.name, entry_of(record), record)
    parts = key_parts(key, digest_key)
    if parts is None:
        return None
    if value is None:
        return Heard(*parts, None)
    theirs = record and (record.person, record.word.purpose) == parts[:2]
    no = record.word.action if record and theirs and record.word.action in NOES else None
    return Heard(*parts, Entry(parts.name, no, sound=False), record)


def _read(value: bytes | None, codec: Codec, digest_key: bytes) -> ConsentRecord | None:
    try:
        return None if value is None else from_record(codec.decode(SCHEMA, value), digest_key)
    except Reject:
        return None
