"""Everybody's secret, as the topic has them: sealed until the person turns up. Pure state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from events.sealing import digest
from events.subject_secret import SubjectSecret, opened
from streams.sealing_keys import SealingKeys


@dataclass(slots=True)
class Secrets:
    """By keyed digest of the person. Opening takes 0.1 ms, so it is done once for each person who
    turns up; 200,000 at the start would take 20 s. Its ``repr`` shows nobody."""

    _sealed: dict[bytes, bytes] = field(default_factory=dict, repr=False)
    #: With what was opened and by which keys, so that what has taken its place is never taken for
    #: it: one thread writes, another one reads.
    _opened: dict[bytes, tuple[bytes, SealingKeys, SubjectSecret | None]] = field(
        default_factory=dict, repr=False
    )

    def __len__(self) -> int:
        return len(self._sealed)

    def apply(self, name: bytes, sealed_secret: bytes) -> None:
        """Take in what stands under ``name`` now; empty: the person is forgotten."""
        if sealed_secret:
            self._sealed[name] = sealed_secret
        else:
            self.forget(name)

    def forget(self, name: bytes) -> None:
        """Take in that there is nothing under ``name`` any more."""
        self._sealed.pop(name, None)
        self._opened.pop(name, None)

    def known(self, subjects: Iterable[str], keys: SealingKeys) -> dict[str, SubjectSecret]:
        """The secrets of those of ``subjects`` who have one, as of this moment."""
        found = {subject: self._of(subject, keys) for subject in dict.fromkeys(subjects)}
        return {subject: secret for subject, secret in found.items() if secret is not None}

    def _of(self, subject: str, keys: SealingKeys) -> SubjectSecret | None:
        name = digest(keys.digest_key, subject)
        sealed = self._sealed.get(name)
        if sealed is None:
            return None
        before = self._opened.get(name)
        if before is None or before[0] is not sealed or before[1] is not keys:
            before = sealed, keys, opened({"sealed_secret": sealed}, name, keys.private)
            self._opened[name] = before
            if self._sealed.get(name) is not sealed:  # meanwhile the person was forgotten
                self._opened.pop(name, None)
        return before[2]
