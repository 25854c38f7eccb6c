"""A signature of one side over one version of the policy: what exactly is signed, and by whom.

    "glasshouse policy, signed as <side>" 0x00 | version, 8 bytes BE | SHA-256 of the policy before,
    32 bytes | the policy's exact bytes

Signed with Ed25519 (RFC 8032). The first words keep it from being anything else's signature, and
one side's from being the other's; every part before the last has a fixed length, so no two policies
share a statement; the hash binds it to the policy that it was compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from events.errors import SettingsError
from events.settings import Settings

#: What stands for the policy before the first.
NO_POLICY = "0" * 64

_MAX_KEY_FILE_BYTES = 4_096


@unique
class Side(StrEnum):
    """Who must agree."""

    EMPLOYER = "employer"
    EMPLOYEES = "employees"

    @property
    def named(self) -> str:
        return "the employer" if self is Side.EMPLOYER else "the employees' representatives"


SIDES: tuple[Side, ...] = tuple(Side)


@dataclass(frozen=True, slots=True)
class SignedPolicy:
    """A version as it is handed around: exact bytes and signatures. Nothing of it is checked."""

    version: int
    previous_sha256: str
    data: bytes = field(repr=False)
    signatures: Mapping[Side, bytes] = field(repr=False)


def statement(side: Side, version: int, previous_sha256: str, data: bytes) -> bytes:
    """The bytes that ``side`` signs. ValueError where the version or the hash cannot be one."""
    previous = bytes.fromhex(previous_sha256)
    if len(previous) != 32 or not 0 < version < 2**63:
        raise ValueError("no version or hash of a policy")
    domain = f"glasshouse policy, signed as {side.value}".encode() + b"\0"
    return domain + version.to_bytes(8, "big") + previous + data


@dataclass(frozen=True, slots=True)
class TrustAnchors:
    """Both sides' public keys."""

    keys: Mapping[Side, Ed25519PublicKey]

    def verifies(self, side: Side, signed: SignedPolicy) -> bool:
        """Whether ``side`` has signed exactly this."""
        try:
            said = statement(side, signed.version, signed.previous_sha256, signed.data)
            self.keys[side].verify(signed.signatures.get(side, b""), said)
        except (InvalidSignature, ValueError):
            return False
        return True


def sign(key: Ed25519PrivateKey, side: Side, signed: SignedPolicy) -> bytes:
    """The signature of ``side``, 64 bytes; those that are there do not matter."""
    return key.sign(statement(side, signed.version, signed.previous_sha256, signed.data))


def trust_anchors(settings: Settings) -> TrustAnchors:
    """Both public keys that the settings name.

    Raises ``SettingsError`` with every fault: a file that is not named, cannot be read or is no
    Ed25519 key in PEM, or one key for both sides, which would make one signature look like two.
    """
    files = {
        Side.EMPLOYER: settings.employer_public_key,
        Side.EMPLOYEES: settings.employees_public_key,
    }
    keys: dict[Side, Ed25519PublicKey] = {}
    faults: list[str] = []
    for side, path in files.items():
        found = _public_key(side, path)
        if isinstance(found, str):
            faults.append(found)
        else:
            keys[side] = found
    if len(keys) == len(SIDES) and len({key.public_bytes_raw() for key in keys.values()}) == 1:
        faults.append("both sides have the same key: each must have its own, and keep it")
    if faults:
        raise SettingsError("keys that policies are signed with", faults)
    return TrustAnchors(keys)


def _public_key(side: Side, path: Path | None) -> Ed25519PublicKey | str:
    """The key, or what is wrong."""
    option = f"--{side.value}-public-key (GLASSHOUSE_{side.value.upper()}_PUBLIC_KEY)"
    if path is None:
        return f"nothing says which key is that of {side.named}: set {option}"
    try:
        with path.open("rb") as file:
            key = load_pem_public_key(file.read(_MAX_KEY_FILE_BYTES))
    except OSError as error:
        return f"{path} of {option} cannot be read: {error.strerror}"
    except Exception:  # the library raises many kinds for what is no key
        return f"{path} of {option} is no public key in PEM"
    if not isinstance(key, Ed25519PublicKey):
        return f"{path} of {option} is no Ed25519 key: `glasshouse policy keygen` makes one"
    return key
