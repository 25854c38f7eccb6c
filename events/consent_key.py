"""The message key of a consent record: the only place that knows how a person stands in it.

    key   02 | person, 16 bytes | the record's hash, 32 bytes | purpose, ASCII

A person stands in it as the keyed digest of the name (``events.sealing.digest``). Whoever lacks the
digest key can tell which records are one person's, but not whose, nor whether somebody's are there.

Two messages have one key exactly when they are the same record, so compaction removes none of
them: the topic keeps every record until a message without a value, under its key, takes it out. A
record of the first version is named by its aspect in the place of a hash, and replaces the one
before; its key is JSON, begins with ``[``, and has the person's name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum, unique
from typing import Final, NamedTuple

from events.batch import is_subject
from events.purposes import Purpose
from events.sealing import DIGEST_BYTES, digest

HASH_BYTES: Final = 32
_MARK: Final = b"\x02"
_PERSON: Final = slice(1, 1 + DIGEST_BYTES)
_NAME: Final = slice(_PERSON.stop, _PERSON.stop + HASH_BYTES)
_PURPOSES: Final = {purpose.value.encode(): purpose for purpose in Purpose}
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False)


@unique
class Aspect(StrEnum):
    """Which question a record of the first version answers: grant or withdraw, pause or resume."""

    CONSENT = "consent"
    PAUSE = "pause"


#: What records of the first version are called, where others have a hash.
ASPECT_NAMES: Final = frozenset(aspect.value.encode() for aspect in Aspect)


class KeyParts(NamedTuple):
    """``person`` is what keys, and the ledger, call a person. ``name`` is what the key calls the
    record: its hash, or an aspect's name."""

    person: bytes
    purpose: Purpose
    name: bytes


def record_key(person: bytes, purpose: Purpose, name: bytes) -> bytes:
    """The message key of the record whose hash is ``name``."""
    return _MARK + person + name + purpose.value.encode()


def early_key(subject: str, purpose: Purpose, aspect: Aspect) -> bytes:
    """The message key of a record of the first version. None is written any more."""
    return _ENCODER.encode([subject, purpose.value, aspect.value]).encode()


def key_parts(key: bytes | None, digest_key: bytes) -> KeyParts | None:
    """The parts of a message key; None where it is not the key of a record, byte by byte: Kafka
    compacts by the bytes, so another spelling is another key."""
    if key and key[:1] == _MARK:
        purpose = _PURPOSES.get(key[_NAME.stop :])
        return KeyParts(key[_PERSON], purpose, key[_NAME]) if purpose else None
    early = _early(key or b"")
    if early is None:
        return None
    subject, purpose, aspect = early
    return KeyParts(digest(digest_key, subject), purpose, aspect.value.encode())


def named_in(key: bytes) -> str | None:
    """The name in the key of a record of the first version; None in any other."""
    parts = _early(key)
    return parts[0] if parts else None


def keys_of(people: Iterable[bytes], keys: Iterable[bytes], digest_key: bytes) -> list[bytes]:
    """Those of ``keys`` that are of records of ``people``: a message without a value under each of
    them takes these people out of the topic, and nobody else."""
    wanted = frozenset(people)
    parted = ((key, key_parts(key, digest_key)) for key in keys)
    return [key for key, parts in parted if parts and parts.person in wanted]


def _early(key: bytes) -> tuple[str, Purpose, Aspect] | None:
    """Name, purpose and aspect of a key of the first version."""
    try:
        subject, purpose, told = json.loads(key)
        if isinstance(subject, str) and is_subject(subject):
            found = subject, Purpose(purpose), Aspect(told)
            return found if early_key(*found) == key else None
    except (TypeError, ValueError, RecursionError):
        pass
    return None
