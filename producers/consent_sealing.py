"""Takes names out of the consent topic: those in records of the first version, which was written
before names were sealed.

1. read the topic to its end: whose records have a name
2. write anew, sealed, every no of theirs that would not count without these records; wait for Kafka
3. take the records that have a name out

Whoever stops anywhere between leaves a no in two records, never in none; run again, it goes on. A
yes of the first version allows nothing any more (``events.consent_chain``), so none is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from events.codec import Codec
from events.compacted import last_values
from events.consent import ConsentAction, Word
from events.consent_chain import Chain
from events.consent_key import ASPECT_NAMES, named_in
from events.consent_record import UNCHAINED
from events.outcomes import Withheld
from events.purposes import PURPOSES
from events.sealing import digest
from events.settings import Settings
from events.topics import Topic
from producers.consent_topic import Spoken, read_said
from producers.consents import Writer
from producers.publisher import Publisher

_STOPS = {Withheld.WITHDRAWN: ConsentAction.WITHDRAW, Withheld.OBJECTED: ConsentAction.OBJECT}


@dataclass(frozen=True, slots=True)
class Names:
    """The keys that have a name in them, by that name."""

    keys: Mapping[str, list[bytes]] = field(repr=False)

    @property
    def records(self) -> int:
        return sum(map(len, self.keys.values()))


@dataclass(frozen=True, slots=True)
class ConsentTopic:
    """The topic, for who has the digest key."""

    settings: Settings
    codec: Codec
    digest_key: bytes = field(repr=False)

    def names(self) -> Names:
        """Step 1. Raises as ``events.compacted.last_values``."""
        found: dict[str, list[bytes]] = {}
        for key in last_values(self.settings, Topic.CONSENT):
            name = named_in(key)
            if name is not None:
                found.setdefault(name, []).append(key)
        return Names(found)

    def noes(self, names: Names, writer: Writer, now_ms: int) -> list[Word]:
        """What has to be written before ``names`` are taken out. Raises as ``read_said``."""
        people = {name: digest(self.digest_key, name) for name in names.keys}
        said = read_said(people.values(), self.digest_key, self.settings, self.codec)
        return [
            Word(name, purpose, action, at_ms, None, writer.actor, writer.jurisdiction)
            for name, person in people.items()
            for purpose in PURPOSES
            for action, at_ms in noes_of(said[person, purpose], now_ms)
        ]


def seal_names(publisher: Publisher, names: Names, noes: list[Word]) -> None:
    """Steps 2 and 3. Raises as ``Publisher.publish``."""
    publisher.publish_words(noes)
    publisher.flush()
    for keys in names.keys.values():
        publisher.take_out(keys)
    publisher.flush()


def noes_of(spoken: Spoken, now_ms: int) -> Iterator[tuple[ConsentAction, int]]:
    """Each no that counts, and would not without the records of the first version; with the moment
    at which it was said, or that of now where it cannot be read."""
    rest = Chain()
    for entry in spoken.chain.entries:
        if entry.name not in ASPECT_NAMES:
            rest.take(entry)
    before, after = spoken.chain.standing, rest.standing
    noes = [_STOPS[before.stopped]] if before.stopped and not after.stopped else []
    # Where the chain is broken, the rest of it may be whole: it shall not pass for that.
    noes += [ConsentAction.PAUSE] if (before.paused or before.doubtful) and not after.paused else []
    said_ms = {
        record.word.action: record.word.at_ms
        for record in spoken.records
        if record and record.number == UNCHAINED
    }
    for action in noes:
        yield action, said_ms.get(action, now_ms)
