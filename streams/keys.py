"""The pseudonym keys: one for each purpose and epoch, and one for governance, in one 0600 file,
with those that open sealed subjects.

An epoch starts at a moment of *event* time. Which epoch a batch belongs to is decided by its
``base_time_ms`` alone, so a batch that is read again after a rotation gets the same pseudonyms.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from events.errors import InputError, SettingsError
from events.purposes import GOVERNANCE, PURPOSES
from streams.sealing_keys import SealingKeys, from_section

KEY_BYTES = 32
DOMAINS: tuple[str, ...] = (*PURPOSES, GOVERNANCE)
_FORMAT = 1
_EPOCHS = range(1, 65_536)  # what the rows have room for: 16 bits


@dataclass(frozen=True, slots=True)
class KeyEpoch:
    """The keys (32 bytes by domain) of batches with base time in [``from_ms``, next epoch)."""

    epoch: int
    from_ms: int
    keys: dict[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All epochs, oldest first; the first starts at 0."""

    epochs: tuple[KeyEpoch, ...]
    sealing: SealingKeys

    def at(self, base_time_ms: int) -> KeyEpoch:
        """The epoch of a batch with this base time (>= 0)."""
        starts = [epoch.from_ms for epoch in self.epochs]
        return self.epochs[bisect_right(starts, base_time_ms) - 1]

    def numbered(self, epoch: int) -> KeyEpoch:
        """The epoch with this number; ``InputError`` if there is none."""
        for candidate in self.epochs:
            if candidate.epoch == epoch:
                return candidate
        raise InputError(f"there is no key epoch {epoch}: see `glasshouse keys list`")


def new_epoch(epoch: int, from_ms: int) -> KeyEpoch:
    """An epoch with fresh random keys, unrelated to every other."""
    return KeyEpoch(epoch, from_ms, {name: secrets.token_bytes(KEY_BYTES) for name in DOMAINS})


def new_ring() -> KeyRing:
    """A ring with one epoch, all of it fresh."""
    return KeyRing((new_epoch(1, 0),), SealingKeys.new())


def load_keys(path: Path, *, without_sealing: bool = False) -> KeyRing:
    """The ring in ``path``. ``SettingsError`` names every fault; key material is in none.

    ``without_sealing``: a file from before subjects were sealed will do, and gets fresh such keys.
    """
    where = f"key file {path}"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            where, ["does not exist: make it with `glasshouse keys init`"]
        ) from None
    except (OSError, ValueError) as error:
        raise SettingsError(where, [f"cannot be read: {type(error).__name__}"]) from None
    faults = []
    if mode & 0o077:
        faults.append(f"mode is {mode:04o}, so others can read it: chmod 600")
    epochs: list[KeyEpoch] = []
    sealing = SealingKeys.new()
    try:
        if content["format"] != _FORMAT:
            faults.append(f"format is not {_FORMAT}")
        if "sealing" in content:
            sealing = from_section(content["sealing"])
        elif not without_sealing:
            faults.append("has no sealing keys: add them with `glasshouse keys rotate-sealing`")
        for entry in content["epochs"]:
            keys = {name: bytes.fromhex(text) for name, text in entry["keys"].items()}
            epochs.append(KeyEpoch(int(entry["epoch"]), int(entry["from_ms"]), keys))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        faults.append(f"is not a key file: {type(error).__name__}")
    else:
        faults += _faults_of(epochs)
    if faults:
        raise SettingsError(where, faults)
    return KeyRing(tuple(epochs), sealing)


def _faults_of(epochs: Sequence[KeyEpoch]) -> list[str]:
    faults = []
    starts = [epoch.from_ms for epoch in epochs]
    numbers = [epoch.epoch for epoch in epochs]
    if not epochs or starts[0] != 0:
        faults.append("the first epoch must start at 0")
    if any(number not in _EPOCHS for number in numbers):
        faults.append(f"epochs are numbered from {_EPOCHS.start} to {_EPOCHS.stop - 1}")
    if sorted(set(starts)) != starts or sorted(set(numbers)) != numbers:
        faults.append("epochs must be in order, each with its own number and start")
    for epoch in epochs:
        missing = [name for name in DOMAINS if len(epoch.keys.get(name, b"")) != KEY_BYTES]
        if missing:
            faults.append(f"epoch {epoch.epoch}: no {KEY_BYTES}-byte key for {', '.join(missing)}")
    every = [key for epoch in epochs for key in epoch.keys.values()]
    if len(set(every)) != len(every):
        faults.append("a key is used twice: purposes or epochs could be joined")
    return faults


def save_keys(ring: KeyRing, path: Path, *, replace: bool = True) -> None:
    """Write ``path`` with mode 0600, whole or not at all.

    ``InputError`` where there is such a file and it may not be replaced, however late it came.
    """
    content = {
        "format": _FORMAT,
        "epochs": [
            {
                "epoch": epoch.epoch,
                "from_ms": epoch.from_ms,
                "keys": {name: key.hex() for name, key in epoch.keys.items()},
            }
            for epoch in ring.epochs
        ],
        "sealing": ring.sealing.to_section(),
    }
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    except FileExistsError:
        raise InputError(f"key file {path} exists already; it was left as it is") from None
    finally:
        draft.unlink(missing_ok=True)
