"""Words of people as ledger records, and what their last words come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from events.batch import is_subject
from events.consent import ASPECT, Aspect, ConsentAction, ConsentRecord, is_notice_version
from events.errors import InputError
from events.purposes import PURPOSES, Purpose


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one person stands on ``purpose``: the last grant or withdrawal, and the last pause or
    resumption (None: never). A pause only matters while granted."""

    purpose: Purpose
    consent: ConsentRecord | None
    pause: ConsentRecord | None

    @property
    def word(self) -> str:
        """`granted`, `withdrawn` or `never`."""
        if self.consent is None:
            return "never"
        return "granted" if self.consent.action is ConsentAction.GRANT else "withdrawn"

    @property
    def paused(self) -> bool:
        return self.pause is not None and self.pause.action is ConsentAction.PAUSE

    def flows(self, notice_version: str) -> bool:
        """Whether events pass while ``notice_version`` is in force."""
        if self.consent is None or self.consent.action is not ConsentAction.GRANT:
            return False
        return self.consent.notice_version == notice_version and not self.paused


def words(
    subjects: Iterable[str],
    purposes: Sequence[Purpose],
    action: ConsentAction,
    notice_version: str,
    at_ms: int,
) -> list[ConsentRecord]:
    """One record for each different subject and purpose. ``notice_version`` is for a grant only.

    Raises ``InputError`` with the place of a subject that cannot be one, never the subject.
    """
    if action is ConsentAction.GRANT and not is_notice_version(notice_version):
        raise InputError("--notice: letters, digits and ._- only, at most 32")
    shown = notice_version if action is ConsentAction.GRANT else ""
    different = dict.fromkeys(subjects)
    for place, subject in enumerate(different, start=1):
        if not (is_subject(subject) and _is_utf8(subject)):
            raise InputError(f"subject {place} of {len(different)} is not 1 to 128 bytes of UTF-8")
    return [
        ConsentRecord(subject, purpose, action, shown, at_ms)
        for subject in different
        for purpose in purposes
    ]


def keys_of(subject: str) -> frozenset[bytes]:
    """Every message key under which the ledger can hold a word of ``subject``."""
    actions = (ConsentAction.GRANT, ConsentAction.PAUSE)
    return frozenset(
        ConsentRecord(subject, purpose, action, "", 0).key
        for purpose in PURPOSES
        for action in actions
    )


def standings(last_words: Iterable[ConsentRecord]) -> list[Standing]:
    """One person's standing on every purpose, from the last record of each key."""
    found = {(word.purpose, ASPECT[word.action]): word for word in last_words}
    return [
        Standing(purpose, found.get((purpose, Aspect.CONSENT)), found.get((purpose, Aspect.PAUSE)))
        for purpose in PURPOSES
    ]


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
