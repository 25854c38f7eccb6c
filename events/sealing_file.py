"""The file that says what subjects are sealed to: `glasshouse keys public` writes it.

Where no key service seals it, the key file itself will do on a machine that has it, as in a trial.
"""

from __future__ import annotations

import base64
import json
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from events.errors import SettingsError
from events.sealing import KEY_BYTES, PrivateKeys, PublicKey

#: Room for names of up to 63 bytes. A site with longer ones makes more, for all of them.
ROOM_BYTES = 64

#: What the key file calls the key by which people are looked up, and what its private keys.
DIGEST = "digest"
_IN_THE_CLEAR = "plain:"


def sealing_name(number: int) -> str:
    """What the key file calls its private key ``number``, from 1."""
    return f"sealing-{number}"


@dataclass(frozen=True, slots=True)
class Sealing:
    """``room_bytes``: what every name is padded to. ``digest_key`` is for those who record
    consent; a producer has none."""

    public: PublicKey
    room_bytes: int
    digest_key: bytes | None = field(default=None, repr=False)


def load_sealing(path: Path) -> Sealing:
    """What is in ``path``. ``SettingsError`` names every fault, and no key."""
    where = f"sealing file {path}"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            where,
            ["does not exist: name one that `glasshouse keys public` wrote (sealing_file)"],
        ) from None
    except (OSError, ValueError) as error:
        raise SettingsError(where, [f"cannot be read: {type(error).__name__}"]) from None
    try:
        sealing = _read(content["sealing"]) if "sealing" in content else _of_keys(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SettingsError(where, [f"is no sealing file: {type(error).__name__}"]) from None
    if sealing.digest_key is not None and mode & 0o077:
        raise SettingsError(where, [f"mode is {mode:04o}, so others can read it: chmod 600"])
    return sealing


def digest_key_of(sealing: Sealing, path: Path) -> bytes:
    """The key by which people are looked up. ``SettingsError`` where the file, at ``path``, is one
    for producers."""
    if sealing.digest_key is None:
        raise SettingsError(
            f"sealing file {path}",
            [
                "has no digest key: who records or shows what people say needs one of "
                "`glasshouse keys public --registrar`"
            ],
        )
    return sealing.digest_key


def _read(section: dict[str, Any]) -> Sealing:
    public = PublicKey(bytes.fromhex(section["public_key"]))
    digest_key = bytes.fromhex(section["digest_key"]) if "digest_key" in section else None
    room_bytes = int(section["room_bytes"])
    sizes = {len(public.raw), len(digest_key or public.raw)}
    if sizes != {KEY_BYTES} or not 2 <= room_bytes <= 2 * ROOM_BYTES + 1:
        raise ValueError
    return Sealing(public, room_bytes, digest_key)


def _of_keys(content: dict[str, Any]) -> Sealing:
    """As ``glasshouse keys public --registrar`` would export it from a key file."""
    secrets = content["secrets"]
    digest_key = _in_the_clear(secrets[DIGEST])
    newest = _in_the_clear(secrets[sealing_name(len(secrets) - 1)])
    return Sealing(PrivateKeys((newest,)).public_keys[0], ROOM_BYTES, digest_key)


def _in_the_clear(sealed: str) -> bytes:
    if not sealed.startswith(_IN_THE_CLEAR):
        raise ValueError
    secret = base64.b64decode(sealed.removeprefix(_IN_THE_CLEAR), validate=True)
    if len(secret) != KEY_BYTES:
        raise ValueError
    return secret


def section_of(sealing: Sealing) -> dict[str, Any]:
    """What ``load_sealing`` reads, as JSON has it."""
    section = {"public_key": sealing.public.raw.hex(), "room_bytes": sealing.room_bytes}
    if sealing.digest_key is None:
        return section
    return {**section, "digest_key": sealing.digest_key.hex()}
