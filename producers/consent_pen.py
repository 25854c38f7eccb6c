"""Writes words at the ends of people's chains.

Two that write of one person at one time make a fork: both records follow the same one, and the
second in the topic follows nothing. Workers then pass nothing of that person, a history shows it,
and whoever speaks next writes behind the second: acknowledge, grant and resume heal it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from events.codec import Codec
from events.consent import Word
from events.consent_chain import Entry, entry_of, next_place
from events.consent_record import SALT_BYTES, ConsentRecord
from events.purposes import Purpose
from events.sealing import digest
from events.settings import Settings
from producers.consent_topic import Said, read_said


def _random_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


@dataclass(slots=True)
class Pen:
    """Knows the last record of each chain that it writes to. Whom it does not know was silent. It
    writes nobody's name: with ``digest_key`` it calls them what the topic does."""

    digest_key: bytes = field(repr=False)
    salt: Callable[[], bytes] = _random_salt
    _heads: dict[tuple[bytes, Purpose], Entry] = field(default_factory=dict, repr=False)

    @staticmethod
    def at_the_end_of(said: Said, digest_key: bytes) -> Pen:
        """A pen that writes on where ``said`` ends."""
        pen = Pen(digest_key)
        for name, spoken in said.items():
            if spoken.chain.head:
                pen._heads[name] = spoken.chain.head
        return pen

    def write(self, word: Word) -> ConsentRecord:
        """The record of ``word``, behind all others of its person and purpose."""
        person = digest(self.digest_key, word.subject)
        place = next_place(self._heads.get((person, word.purpose)))
        record = ConsentRecord(person, replace(word, subject=""), *place, self.salt())
        self._heads[person, word.purpose] = entry_of(record)
        return record

    def write_all(self, words: Sequence[Word]) -> list[ConsentRecord]:
        return [self.write(word) for word in words]


def written(
    words: Sequence[Word], digest_key: bytes, settings: Settings, codec: Codec
) -> list[ConsentRecord]:
    """``words`` as records behind what the consent topic holds now. Raises as ``read_said``."""
    if not words:
        return []
    people = {digest(digest_key, word.subject) for word in words}
    said = read_said(people, digest_key, settings, codec)
    return Pen.at_the_end_of(said, digest_key).write_all(words)
