"""A dictionary attack: somebody has the list of employees, and looks for them in what there is.

Whoever has no key tries every name as it is, in every usual writing, and hashed in every usual way,
under no key and under whatever an outsider might take for one. Whoever has the keys does what the
program does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from uuid import NAMESPACE_DNS, NAMESPACE_OID, NAMESPACE_URL, uuid3, uuid5

from events.batch import from_record
from events.codec import Codec
from events.consent_hash import who_hash
from events.errors import Reject
from events.purposes import GOVERNANCE, PURPOSES
from events.sealing import digest
from events.subject_secret import SCHEMA as SECRET
from events.subject_secret import opened
from producers.batches import _SESSIONS
from streams.keys import KeyRing
from streams.pseudonymise import keyed_id, pseudonym_of, subject_id

_HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s")
_NAMESPACES = (_SESSIONS, NAMESPACE_DNS, NAMESPACE_OID, NAMESPACE_URL)


def people_found(
    names: Iterable[str], data: bytes, outside: Sequence[bytes], salts: Sequence[bytes] = ()
) -> set[str]:
    """Those of ``names`` that are in ``data`` in any way that takes no key. ``outside``: values
    that an outsider may know, and try as keys: ids of topics, the public key, ... ``salts``: those
    that lie beside commitments."""

    def forms(name: str) -> Iterator[bytes]:
        yield from _forms(name, outside)
        for hashed in _salted(name.encode(), salts):
            yield from (hashed, hashed.hex().encode())

    return {name for name in names if any(form in data for form in forms(name))}


def _salted(text: bytes, salts: Sequence[bytes]) -> Iterator[bytes]:
    for salt in salts:
        yield hashlib.sha256(salt + text).digest()
        yield hashlib.sha256(text + salt).digest()
        yield hmac.digest(salt, text, "sha256")
        yield who_hash(text, salt)


def _forms(name: str, outside: Sequence[bytes]) -> Iterator[bytes]:
    for written in {name, name.upper(), name.title(), json.dumps([name])[1:-1]}:
        for text in (written.encode(), written.encode("utf-16-le")):
            yield from (text, base64.b64encode(text).rstrip(b"="), text.hex().encode())
    for hashed in _hashes(name.encode(), outside):
        yield from (hashed, hashed.hex().encode(), base64.b64encode(hashed).rstrip(b"="))
        for half in (hashed[:8], hashed[-8:]):  # what is cut to 64 bits, also as a table shows it
            yield half
            for order in ("little", "big"):
                yield b"%d" % int.from_bytes(half, order)


def _hashes(text: bytes, outside: Sequence[bytes]) -> Iterator[bytes]:
    for kind in _HASHES:
        yield hashlib.new(kind, text).digest()
    for size in (8, 16, 32):
        yield hashlib.blake2b(text, digest_size=size).digest()
    for space in _NAMESPACES:
        yield from (uuid5(space, text.decode()).bytes, uuid3(space, text.decode()).bytes)
    for key in (bytes(32), b"glasshouse", *outside):
        yield hmac.digest(key, text, "sha256")
        yield digest(key, text.decode())
        for kind in ("subject", "session", "batch"):
            yield keyed_id(key, kind, text).to_bytes(8, "little")


def people_opened(names: Iterable[str], raw: Iterable[bytes], keys: KeyRing) -> set[str]:
    """Whose batches are in the raw topic, for who has the private key."""
    known, found = set(names), set()
    for value in raw:
        try:
            header = from_record(Codec().decode("interaction_batch", value)).header
            found.add(keys.sealing.opener.opened(header).subject)
        except Reject:
            continue
    return known & found


def people_named(
    names: Iterable[str], secrets: dict[bytes, bytes], tables: bytes, keys: KeyRing
) -> set[str]:
    """Whose rows are in ``tables``, for who has all keys, and the secrets' topic."""
    found = set()
    for name in names:
        key = digest(keys.sealing.digest_key, name)
        if key not in secrets:
            continue
        secret = opened(Codec().decode(SECRET, secrets[key]), key, keys.sealing.private)
        if secret is None:
            continue
        ids = [
            pseudonym_of(epoch.keys[purpose], secret.value)
            for epoch in keys.epochs
            for purpose in PURPOSES
        ]
        if any(b"%d" % one in tables for one in ids):
            found.add(name)
    return found


def people_who_spoke(names: Iterable[str], consent: bytes, digest_key: bytes) -> set[str]:
    """Whose words are in the consent topic, for who has the digest key."""
    return {name for name in names if digest(digest_key, name) in consent}


def people_in_the_consent_log(names: Iterable[str], tables: bytes, keys: KeyRing) -> set[str]:
    """Whose words are in the consent log, for who has the digest key and those of governance."""
    found = set()
    for name in names:
        person = digest(keys.sealing.digest_key, name)
        ids = [subject_id(epoch.keys[GOVERNANCE], person) for epoch in keys.epochs]
        if any(b"%d" % one in tables for one in ids):
            found.add(name)
    return found
