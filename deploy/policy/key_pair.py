"""A side's key pair: the private key stays with it, in one file for its owner alone."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from events.errors import InputError
from events.whole_file import write_whole

_OTHERS = 0o077


def public_path(private: Path) -> Path:
    return private.with_name(f"{private.name}.pub")


def make_key_pair(path: Path, password: bytes | None) -> Path:
    """Put a new private key (PEM, PKCS #8, encrypted if there is a password) into ``path``, mode
    0600, and the public key beside it; returns the latter's file. ``InputError`` where there is a
    private key already: a key that is lost takes its side's word with it."""
    if path.exists():
        raise InputError(f"{path} exists already; it was left as it is")
    key = Ed25519PrivateKey.generate()
    encryption: KeySerializationEncryption = (
        BestAvailableEncryption(password) if password else NoEncryption()
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # In this order: where it dies in between, the next try makes both anew.
    write_whole(public_path(path), public, 0o644, replace=True)
    write_whole(path, private, 0o600, replace=False)
    return public_path(path)


def read_private_key(path: Path, password: Callable[[], bytes]) -> Ed25519PrivateKey:
    """The private key in ``path``; ``password`` is asked only where it is encrypted.

    ``InputError`` where it is none, where the password is wrong, or where others could read a key
    that no password protects.
    """
    try:
        data, mode = path.read_bytes(), stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise InputError(f"private key {path} cannot be read: {error.strerror}") from None
    key = _plain(path, data)
    if key is not None and mode & _OTHERS:
        raise InputError(
            f"private key {path} has no password and mode {mode:04o}, so others can read it: "
            "chmod 600, and think about who may have read it"
        )
    key = key or _encrypted(path, data, password())
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path} is no Ed25519 key: `glasshouse policy keygen` makes one")
    return key


def _plain(path: Path, data: bytes) -> object | None:
    """The key, or None where it is encrypted."""
    try:
        return load_pem_private_key(data, None)
    except TypeError:  # that is how the library says that a password is missing
        return None
    except Exception:
        raise InputError(f"{path} is no private key in PEM") from None


def _encrypted(path: Path, data: bytes, password: bytes) -> object:
    try:
        return load_pem_private_key(data, password)
    except Exception:
        raise InputError(f"the password does not open private key {path}") from None
