"""Seals whose a batch is, before it is written anywhere."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from events.batch import InteractionBatch
from events.errors import InputError
from events.sealing import KEY_BYTES, SUBJECT, PublicKey, pad
from events.sealing_file import ROOM_BYTES, Sealing

#: One program may send for many people at once; a session seen again after so many is sealed anew.
_SESSIONS = 65_536


@dataclass(slots=True)
class Sealer:
    """Seals to the workers' public key. All batches of a session carry the same sealed text, which
    costs a fifth of a millisecond to make, and as much to open; no two sessions do."""

    sealing: Sealing
    _remembered: Callable[[str, bytes], bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._remembered = lru_cache(_SESSIONS)(self._seal)

    @staticmethod
    def to_nobody() -> Sealer:
        """One for a dry run: nobody has the private key."""
        return Sealer(Sealing(PublicKey(secrets.token_bytes(KEY_BYTES)), ROOM_BYTES))

    def sealed(self, batch: InteractionBatch) -> InteractionBatch:
        """``batch`` as it may be written. ``InputError`` where the name does not fit."""
        header = batch.header
        text = self._remembered(header.subject, header.session)
        return replace(batch, header=replace(header, subject="", sealed_subject=text))

    def _seal(self, subject: str, session: bytes) -> bytes:
        try:
            padded = pad(subject.encode(), self.sealing.room_bytes)
        except ValueError:
            raise InputError(
                f"a subject has more than {self.sealing.room_bytes - 1} bytes, for which the "
                "sealing file has no room: export it again with `glasshouse keys public "
                "--longest-subject-bytes`, for all producers"
            ) from None
        return self.sealing.public.seal(padded, SUBJECT)
