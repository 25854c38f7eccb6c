"""The keys by which people's names are opened and looked up: secrets of the key file."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from events.sealing import KEY_BYTES, PrivateKeys, PublicKey
from events.sealing_file import DIGEST, ROOM_BYTES, Sealing, sealing_name, section_of
from streams.open_subjects import SubjectOpener


@dataclass(frozen=True)
class SealingKeys:
    """``private``: all that may open, oldest first; subjects are sealed to the last one. The
    ``digest_key`` never changes: what people are called in Kafka's compacted topics hangs on it."""

    private: PrivateKeys
    digest_key: bytes = field(repr=False)

    @staticmethod
    def new() -> SealingKeys:
        """Fresh random keys."""
        return SealingKeys(
            PrivateKeys((secrets.token_bytes(KEY_BYTES),)), secrets.token_bytes(KEY_BYTES)
        )

    def rotated(self) -> SealingKeys:
        """The same with one more key pair, which subjects are sealed to from now on."""
        raws = (*self.private.raws, secrets.token_bytes(KEY_BYTES))
        return SealingKeys(PrivateKeys(raws), self.digest_key)

    @property
    def public(self) -> PublicKey:
        return self.private.public_keys[-1]

    @cached_property
    def opener(self) -> SubjectOpener:
        """Opens subjects, and remembers them as long as these keys are in use."""
        return SubjectOpener(self.private)

    def exported(self, room_bytes: int = ROOM_BYTES, *, for_registrar: bool = False) -> Sealing:
        """What a producer needs; with the digest key, what those need who record consent."""
        return Sealing(self.public, room_bytes, self.digest_key if for_registrar else None)

    def to_secrets(self) -> dict[str, bytes]:
        """As the key file has them: each a secret of its own, so that one is added without opening
        the others."""
        named = {sealing_name(at): raw for at, raw in enumerate(self.private.raws, start=1)}
        return {DIGEST: self.digest_key, **named}

    @staticmethod
    def from_secrets(secrets: Mapping[str, bytes]) -> SealingKeys:
        """What ``to_secrets`` gave; ``ValueError``, with nothing of it, where it is none."""
        if not secrets:
            raise ValueError("there are none: add them with `glasshouse keys rotate-sealing`")
        expected = {DIGEST, *(sealing_name(at) for at in range(1, len(secrets)))}
        if set(secrets) != expected or len(secrets) == 1:
            raise ValueError("one is missing, or one is there that does not belong to them")
        if {len(secret) for secret in secrets.values()} != {KEY_BYTES}:
            raise ValueError(f"one is not {KEY_BYTES} bytes long")
        raws = tuple(secrets[sealing_name(at)] for at in range(1, len(secrets)))
        return SealingKeys(PrivateKeys(raws), secrets[DIGEST])


def text_of(sealing: Sealing) -> str:
    """What ``events.sealing_file.load_sealing`` reads."""
    return json.dumps({"sealing": section_of(sealing)}, indent=2)


def export(sealing: Sealing, path: Path) -> None:
    """Write ``path``, whole or not at all: mode 0600 where it holds the digest key."""
    secret = sealing.digest_key is not None
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text_of(sealing))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
