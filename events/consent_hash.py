"""The hash that chains a consent record to the one before it.

SHA-256 over every field, each with its length before it, so that no two records have one encoding,
behind a name that no other hash of ours begins with. The person stands in it as a commitment of
its own: a hash of a random salt and of the keyed digest that Kafka calls the person. Without the
salt anybody can check a whole chain, but not tell whose it is, or that two are one person's; and to
try a list of employees takes the digest key as well.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from events.purposes import Purpose

if TYPE_CHECKING:
    from events.consent import Actor, ConsentAction, Terms, Word

_WHO = b"glasshouse consent v2 who\x00"
_RECORD = b"glasshouse consent v2 record\x00"


def who_hash(person: bytes, salt: bytes) -> bytes:
    """The commitment to a person, by the keyed digest; 32 bytes, and others for each salt."""
    return hashlib.sha256(_WHO + _framed(salt, person)).digest()


def record_hash(word: Word, who: bytes, number: int, previous: bytes) -> bytes:
    """The hash of ``word`` as the record ``number`` of its chain, behind ``previous``; 32 bytes.
    Of the person it takes ``who`` alone, never ``word.subject``."""
    common = _common(word.purpose, word.action, word.terms, word.actor, word.jurisdiction)
    of_its_own = _framed(str(word.at_ms).encode(), str(number).encode())
    return hashlib.sha256(_RECORD + _framed(who, previous) + common + of_its_own).digest()


@lru_cache(maxsize=4_096)
def _common(
    purpose: Purpose,
    action: ConsentAction,
    terms: Terms | None,
    actor: Actor,
    jurisdiction: str,
) -> bytes:
    """What many records have in common. A ledger is read whole at every start."""
    told = (
        purpose.value,
        action.value,
        terms.notice_version if terms else "",
        terms.notice_sha256.hex() if terms else "",
        terms.lawful_basis if terms else "",
        actor.role.value,
        actor.id,
        jurisdiction,
    )
    return _framed(*(text.encode() for text in told))


def _framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
