"""The message key of a consent record: the only place that knows how a person stands in it.

Two messages have one key exactly when they are the same record, so compaction removes none of
them: the topic keeps every record until a message without a value, under its key, takes it out. A
record of the first version has its aspect in the place of the hash, and replaces the one before.
"""

from __future__ import annotations

import json
from enum import StrEnum, unique
from typing import Final, NamedTuple

from events.batch import is_subject
from events.purposes import Purpose

HASH_BYTES: Final = 32
_ENCODER = json.JSONEncoder(ensure_ascii=False)


@unique
class Aspect(StrEnum):
    """Which question a record of the first version answers: grant or withdraw, pause or resume."""

    CONSENT = "consent"
    PAUSE = "pause"


#: What keys call records of the first version, where others have a hash.
ASPECT_NAMES: Final = frozenset(aspect.value.encode() for aspect in Aspect)


class KeyParts(NamedTuple):
    """``person`` is what keys call a subject. ``name`` is what the key calls the record: its hash,
    or an aspect's name."""

    person: str
    purpose: Purpose
    name: bytes


def person_of(subject: str) -> str:
    """What keys, and the ledger, call a person: equal for equal subjects alone."""
    return subject


def record_key(subject: str, purpose: Purpose, name: bytes) -> bytes:
    """The message key of the record that ``name`` names."""
    return _key(KeyParts(person_of(subject), purpose, name))


def key_parts(key: bytes | None) -> KeyParts | None:
    """The parts of a message key; None where it is not the key of a record, byte by byte: Kafka
    compacts by the bytes, so another spelling is another key."""
    try:
        person, purpose, told = json.loads(key or b"")
        if isinstance(person, str) and isinstance(told, str) and is_subject(person):
            name = told.encode() if told.encode() in ASPECT_NAMES else bytes.fromhex(told)
            parts = KeyParts(person, Purpose(purpose), name)
            if name in ASPECT_NAMES or len(name) == HASH_BYTES:
                return parts if _key(parts) == key else None
    except (TypeError, ValueError, RecursionError):
        pass
    return None


def key_owner(key: bytes) -> bytes:
    """What the keys of one person and purpose have in common, and no other's. Cheap, for whoever
    looks for a few people in the whole topic."""
    return key.rpartition(b" ")[0]


def _key(parts: KeyParts) -> bytes:
    told = parts.name.decode() if parts.name in ASPECT_NAMES else parts.name.hex()
    return _ENCODER.encode([parts.person, parts.purpose.value, told]).encode()
