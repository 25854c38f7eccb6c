"""Sealing: what is sealed to the workers' public key, the workers alone can open.

    sealed text   key id, 4 bytes | encapsulated key, 32 bytes | ciphertext | tag, 16 bytes

HPKE (RFC 9180), base mode, with X25519, HKDF-SHA-256 and ChaCha20-Poly1305. Two seals of one text
share no byte but the key id. Whoever seals needs the public key alone, and cannot open the result.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 4
DIGEST_BYTES: Final = 16

#: No sealed subject is longer: the longest name there may be, in the room that is made for it.
MAX_SEALED_BYTES: Final = 256

#: What a text is sealed as: one that was sealed as another thing does not open.
SUBJECT: Final = b"glasshouse subject"

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_MARK = b"\x80"


@dataclass(frozen=True)
class PublicKey:
    """32 bytes of X25519. ``id`` names it in what is sealed to it."""

    raw: bytes

    @cached_property
    def id(self) -> bytes:
        return hashlib.blake2b(self.raw, digest_size=KEY_ID_BYTES, person=b"sealing key").digest()

    def seal(self, text: bytes, kind: bytes) -> bytes:
        """``text`` for the holders of the private key, as a ``kind`` of thing. Takes 0.2 ms."""
        return self.id + _SUITE.encrypt(text, self._key, kind)

    @cached_property
    def _key(self) -> X25519PublicKey:
        return X25519PublicKey.from_public_bytes(self.raw)


@dataclass(frozen=True)
class PrivateKeys:
    """The private keys of one or more public keys, 32 bytes each, oldest first."""

    raws: tuple[bytes, ...] = field(repr=False)

    @cached_property
    def public_keys(self) -> tuple[PublicKey, ...]:
        """In the same order: the last one is what is sealed to now."""
        return tuple(public for public, _ in self._pairs)

    def open(self, sealed: bytes, kind: bytes) -> bytes | None:
        """What was sealed; None where it is none of these keys', another ``kind``, or no sealed
        text at all. Takes 0.1 ms where it opens."""
        key = self._by_id.get(sealed[:KEY_ID_BYTES])
        if key is None:
            return None
        try:
            return _SUITE.decrypt(sealed[KEY_ID_BYTES:], key, kind)
        except InvalidTag:
            return None

    @cached_property
    def _pairs(self) -> list[tuple[PublicKey, X25519PrivateKey]]:
        keys = [X25519PrivateKey.from_private_bytes(raw) for raw in self.raws]
        return [(PublicKey(key.public_key().public_bytes_raw()), key) for key in keys]

    @cached_property
    def _by_id(self) -> dict[bytes, X25519PrivateKey]:
        return {public.id: key for public, key in self._pairs}


def pad(text: bytes, room_bytes: int) -> bytes:
    """``text`` in ``room_bytes``, whatever its length (ISO/IEC 7816-4: a mark, then zeros).
    ValueError where it does not fit."""
    if len(text) >= room_bytes:
        raise ValueError("the text is longer than the room for it")
    return (text + _MARK).ljust(room_bytes, b"\0")


def unpad(padded: bytes) -> bytes | None:
    """What was padded; None where nothing was."""
    text, mark, _ = padded.rstrip(b"\0").rpartition(_MARK)
    return text if mark and padded.rstrip(b"\0").endswith(_MARK) else None


def routing_key(sealed: bytes) -> bytes:
    """The Kafka key of messages with this sealed subject: 16 bytes of the encapsulated key. They
    are random, and the same for all that carry the same sealed text: they stay in order."""
    return sealed[KEY_ID_BYTES : KEY_ID_BYTES + 16].ljust(16, b"\0")


def digest(key: bytes, subject: str) -> bytes:
    """What a person is called where only a name that can be looked up is needed: 16 bytes that
    nobody without ``key`` can compute (keyed BLAKE2b)."""
    return hashlib.blake2b(
        subject.encode(), digest_size=DIGEST_BYTES, key=key, person=b"subject digest"
    ).digest()
