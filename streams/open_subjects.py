"""Opens the sealed names of the people that batches are of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from events.batch import Header, is_subject
from events.errors import Reject
from events.outcomes import Rejected
from events.sealing import SUBJECT, PrivateKeys, unpad

#: Sessions of which the name is remembered, some 300 B each. Opening takes 0.1 ms, so a worker
#: that meets more of them at a time loses speed, and nothing else.
_REMEMBERED = 65_536


@dataclass(slots=True)
class SubjectOpener:
    """Opens with any of its keys. Remembers what it opened, by the sealed text."""

    keys: PrivateKeys
    _remembered: Callable[[bytes], str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._remembered = lru_cache(_REMEMBERED)(self._open)

    def opened(self, header: Header) -> Header:
        """``header`` with the name of its person; one of version 1 has it already. ``Reject``
        (SUBJECT_NOT_OPENED) where it does not open, or is no name."""
        if not header.sealed_subject:
            return header
        return replace(header, subject=self.subject_of(header.sealed_subject))

    def subject_of(self, sealed: bytes) -> str:
        """The name in a sealed text. Raises as ``opened``."""
        return self._remembered(sealed)

    def _open(self, sealed: bytes) -> str:
        padded = self.keys.open(sealed, SUBJECT)
        try:
            subject = (unpad(padded or b"") or b"").decode()
        except UnicodeDecodeError:
            subject = ""
        if not is_subject(subject):
            raise Reject(Rejected.SUBJECT_NOT_OPENED)
        return subject
