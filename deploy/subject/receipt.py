"""A signed statement of what was erased, which anybody can check who has the public key.

    "glasshouse erasure receipt" 0x00 | the statement's exact bytes

signed with Ed25519 (RFC 8032). The statement names the person by a commitment alone: SHA-256 of a
random salt and the identifier. The salt lies beside it, for the person to show; without it the
receipt is about nobody.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from events.errors import InputError

_DOMAIN = b"glasshouse erasure receipt\0"
_SALT_BYTES = 16
FORMAT = "glasshouse erasure receipt 1"


@dataclass(frozen=True, slots=True)
class Receipt:
    """``statement``: JSON, as it was signed. ``salt`` opens the commitment in it; empty where it
    was taken away."""

    statement: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    salt: bytes = field(default=b"", repr=False)

    @property
    def said(self) -> dict[str, Any]:
        """What the statement says."""
        found: dict[str, Any] = json.loads(self.statement)
        return found

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether ``key`` signed exactly this."""
        try:
            key.verify(self.signature, _DOMAIN + self.statement)
        except InvalidSignature:
            return False
        return True

    def is_about(self, subject: str) -> bool:
        """Whether it is about ``subject``; False also where the salt is not there."""
        return bool(self.salt) and self.said["about"] == commitment(self.salt, subject)

    def to_json(self) -> bytes:
        """As a file has it."""
        content = {
            "statement": self.statement.decode(),
            "signature": base64.b64encode(self.signature).decode(),
            "salt": self.salt.hex(),
        }
        return json.dumps(content, indent=2).encode() + b"\n"


def commitment(salt: bytes, subject: str) -> str:
    """SHA-256, hex, of the salt and the identifier's UTF-8."""
    return hashlib.sha256(salt + subject.encode()).hexdigest()


def signed(key: Ed25519PrivateKey, subject: str, said: Mapping[str, Any]) -> Receipt:
    """A receipt that says ``said`` about ``subject``."""
    salt = secrets.token_bytes(_SALT_BYTES)
    content = {"format": FORMAT, "about": commitment(salt, subject), **said}
    statement = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return Receipt(statement, key.sign(_DOMAIN + statement), salt)


def read_receipt(path: Path) -> Receipt:
    """The receipt in ``path``, not verified. ``InputError`` where it is none."""
    try:
        content = json.loads(path.read_bytes())
        statement = str(content["statement"]).encode()
        signature = base64.b64decode(content["signature"], validate=True)
        receipt = Receipt(statement, signature, bytes.fromhex(content["salt"]))
        known = receipt.said["format"] == FORMAT and isinstance(receipt.said["about"], str)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (KeyError, TypeError, ValueError):
        known = False
    if not known:
        raise InputError(f"{path} is no receipt of an erasure")
    return receipt


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The public key (PEM) in ``path``. ``InputError`` where it is none."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except Exception:  # the library raises many kinds for what is no key
        raise InputError(f"{path} is no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(f"{path} is no Ed25519 key")
    return key
