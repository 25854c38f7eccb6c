"""The hash that chains a consent record to the one before it.

SHA-256 over every field, each with its length before it, so that no two records have one encoding,
behind a name that no other hash of ours begins with. The person stands in it as a commitment of
their own (a hash of a random salt and the subject): whoever has not got the salt can check a whole
chain, but cannot try a list of employees on it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from events.consent import Word

_WHO = b"glasshouse consent v2 who\x00"
_RECORD = b"glasshouse consent v2 record\x00"


def who_hash(subject: str, salt: bytes) -> bytes:
    """The commitment to a person, 32 bytes; another one for each salt."""
    return hashlib.sha256(_WHO + _framed(salt, subject.encode())).digest()


def record_hash(word: Word, who: bytes, number: int, previous: bytes) -> bytes:
    """The hash of ``word`` as the record ``number`` of its chain, behind ``previous``; 32 bytes.
    Of the person it takes ``who`` alone, never ``word.subject``."""
    terms = word.terms
    told = (
        word.purpose.value,
        word.action.value,
        terms.notice_version if terms else "",
        terms.notice_sha256.hex() if terms else "",
        terms.lawful_basis if terms else "",
        word.actor.role.value,
        word.actor.id,
        word.jurisdiction,
        str(word.at_ms),
        str(number),
    )
    parts = (who, previous, *(text.encode() for text in told))
    return hashlib.sha256(_RECORD + _framed(*parts)).digest()


def _framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
