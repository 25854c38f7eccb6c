"""Writes words at the ends of people's chains.

Two that write of one person at one time make a fork: both records follow the same one, and the
second in the topic follows nothing. Workers then pass nothing of that person, a history shows it,
and whoever speaks next writes behind the second: acknowledge, grant and resume heal it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from events.codec import Codec
from events.consent import SALT_BYTES, ConsentRecord, Word
from events.consent_chain import Entry, entry_of, next_place
from events.consent_key import person_of
from events.purposes import Purpose
from events.settings import Settings
from producers.consent_topic import Said, read_said


def _random_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


@dataclass(slots=True)
class Pen:
    """Knows the last record of each chain that it writes to. Whom it does not know was silent."""

    salt: Callable[[], bytes] = _random_salt
    _heads: dict[tuple[str, Purpose], Entry] = field(default_factory=dict, repr=False)

    @staticmethod
    def at_the_end_of(said: Said) -> Pen:
        """A pen that writes on where ``said`` ends."""
        pen = Pen()
        for name, spoken in said.items():
            if spoken.chain.head:
                pen._heads[name] = spoken.chain.head
        return pen

    def write(self, word: Word) -> ConsentRecord:
        """The record of ``word``, behind all others of its person and purpose."""
        name = person_of(word.subject), word.purpose
        record = ConsentRecord(word, *next_place(self._heads.get(name)), self.salt())
        self._heads[name] = entry_of(record)
        return record

    def write_all(self, words: Sequence[Word]) -> list[ConsentRecord]:
        return [self.write(word) for word in words]


def written(words: Sequence[Word], settings: Settings, codec: Codec) -> list[ConsentRecord]:
    """``words`` as records behind what the consent topic holds now. Raises as ``read_said``."""
    if not words:
        return []
    people = dict.fromkeys(word.subject for word in words)
    return Pen.at_the_end_of(read_said(people, settings, codec)).write_all(words)
