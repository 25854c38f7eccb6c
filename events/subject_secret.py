"""A person's secret, as it stands on its compacted topic: made once, and deleted for good.

Pseudonyms are keyed by it, so without it nobody can say any more which rows a person's are, whoever
has all the other keys. A person who comes back gets another one, which names nothing of before.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from events.clock import TIMES_MS
from events.sealing import KEY_BYTES, PrivateKeys, PublicKey

SCHEMA = "subject_secret"

#: What takes a secret's place when its person is forgotten. It stays, so that whoever enrols the
#: person anew knows that data from before must not come back.
FORGOTTEN: Final[dict[str, Any]] = {"sealed_secret": b""}

_LAYOUT = struct.Struct(f"<{KEY_BYTES}sq")


@dataclass(frozen=True, slots=True)
class SubjectSecret:
    """32 random bytes, for batches that begin at ``from_ms`` or later."""

    value: bytes = field(repr=False)
    from_ms: int


def new_secret(from_ms: int) -> SubjectSecret:
    """A fresh one."""
    return SubjectSecret(secrets.token_bytes(KEY_BYTES), from_ms)


def to_record(secret: SubjectSecret, digest: bytes, public: PublicKey) -> dict[str, Any]:
    """The Avro record of a secret of the person with this digest, sealed."""
    text = _LAYOUT.pack(secret.value, secret.from_ms)
    return {"sealed_secret": public.seal(text, _kind(digest))}


def opened(record: Mapping[str, Any], digest: bytes, keys: PrivateKeys) -> SubjectSecret | None:
    """The secret in a record under the key ``digest``; None where the person was forgotten, and
    where it does not open: it was sealed to another key, or for another person."""
    text = keys.open(record["sealed_secret"], _kind(digest))
    if text is None or len(text) != _LAYOUT.size:
        return None
    value, from_ms = _LAYOUT.unpack(text)
    return SubjectSecret(value, from_ms) if from_ms in TIMES_MS else None


def _kind(digest: bytes) -> bytes:
    return b"glasshouse secret of " + digest
