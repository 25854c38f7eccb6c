"""What was erased, kept apart from the data: so that a backup that is restored brings nobody back.

A line is what one store needs to erase the same people again, and nothing that joins two of them:
pseudonyms of one purpose, or digests of people as Kafka's compacted topics call them. None names
anybody, and the secrets that the pseudonyms were made of are gone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from events.errors import InputError
from events.purposes import PURPOSES, Purpose

FILE = "erased.jsonl"
_PEOPLE = "people"


@dataclass(slots=True)
class ErasureList:
    """``digests`` of people, and ``pseudonyms`` by purpose."""

    digests: set[bytes] = field(default_factory=set, repr=False)
    pseudonyms: dict[Purpose, set[int]] = field(
        default_factory=lambda: {purpose: set() for purpose in PURPOSES}, repr=False
    )


def append(folder: Path, digests: Iterable[bytes], ids: Mapping[Purpose, Iterable[int]]) -> None:
    """Add lines to the list in ``folder`` (made, mode 0700), on the disk before this returns: each
    sorted, so that its order tells nothing. ``InputError`` where that cannot be done."""
    lines: list[dict[str, object]] = [
        {"of": purpose.value, "ids": [str(each) for each in sorted(found)]}
        for purpose, found in ids.items()
    ]
    lines.append({"of": _PEOPLE, "ids": [each.hex() for each in sorted(digests)]})
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"\n{text}")  # a line that was cut off must not take the next one with it
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}; nothing was erased"
        ) from None


def read(folder: Path) -> ErasureList:
    """All that is on the list in ``folder``. ``InputError`` where there is none; a line that is cut
    off is left out, since nothing was erased before its end was written."""
    path = folder / FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise InputError(f"there is no list of erasures at {path}, or it cannot be read") from None
    found = ErasureList()
    for line in lines:
        try:
            entry = json.loads(line)
            if entry["of"] == _PEOPLE:
                found.digests |= {bytes.fromhex(each) for each in entry["ids"]}
            else:
                found.pseudonyms[Purpose(entry["of"])] |= {int(each) for each in entry["ids"]}
        except (KeyError, TypeError, ValueError):
            continue
    return found
