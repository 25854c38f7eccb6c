"""Publishes dead letters again, unchanged, to where they came from.

1. the books say which messages are dead letters, and of which they know a copy
2. the end of the raw topic, which the books do not know yet, is read for the headers of copies
3. each is read from the raw topic; one of which a copy is there is left. A header alone is not
   believed, since a producer could forge it: the copy has to be the same, key and value
4. it is decoded as a worker would; what would be refused again is left
5. it is sent with the same key, value, headers and time to the same partition, in the order of
   offsets, and with a header that names it

Killed anywhere, the same command goes on: what was sent before is found by 1 or 2. Two at the same
time can send a message twice; its rows collapse, and the totals count a batch once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from confluent_kafka import Message

from deploy.dead_letters.books import Places
from deploy.dead_letters.explain import refusal
from deploy.dead_letters.held import Held
from deploy.dead_letters.letter import Place, written
from events.codec import Codec
from events.redrive import HEADER, mark
from events.unreadable import headers_of

#: How many places are named of each outcome; their number is always exact.
SHOWN = 5

PUBLISHED = "published again"
WOULD_BE = "would be published again"
ALREADY = "left: it was published again before"
GONE = "left: no longer in Kafka"
NO_LETTER = "left: no dead letter of this topic"
REFUSED = "left: still refused as "


class Source(Protocol):
    def at(self, place: Place) -> Message | None: ...


class Target(Protocol):
    def publish_again(
        self, message: Message, headers: list[tuple[str, bytes | None]], events: int
    ) -> None: ...


@dataclass(slots=True)
class Tally:
    """How many messages met which outcome, and where the first few of each are."""

    counts: Counter[str] = field(default_factory=Counter)
    places: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, outcome: str, place: Place) -> None:
        self.counts[outcome] += 1
        if self.counts[outcome] <= SHOWN:
            self.places[outcome].append(written(place))

    @property
    def lost(self) -> int:
        """Messages that were left although nobody has published them again."""
        well = (PUBLISHED, WOULD_BE, ALREADY)
        return sum(count for outcome, count in self.counts.items() if outcome not in well)


@dataclass(frozen=True, slots=True)
class Redrive:
    """What is needed to publish dead letters of the topic ``held``. ``copied``: offsets of copies
    that the books do not know yet, by place of the original. ``source`` and ``copies`` read the
    same topic, each in rising order. ``target`` None: nothing is sent, only found out."""

    held: Held
    copied: Mapping[Place, tuple[int, ...]]
    source: Source
    copies: Source
    target: Target | None
    codec: Codec

    def run(
        self,
        places: Places,
        on_done: Callable[[int], None] = lambda messages: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Tally:
        """Treat ``places`` one by one; ends early once ``stopped`` says so. Raises ``Stop`` where
        Kafka does not give or take messages, ``Retry`` if a schema registry is away."""
        tally = Tally()
        for place in places:
            if stopped():
                break
            known = (*places.copies.get(place, ()), *self.copied.get(place, ()))
            tally.note(self._treat(place, known), place)
            on_done(1)
        return tally

    def _treat(self, place: Place, known: tuple[int, ...]) -> str:
        partition, offset = place
        there = offset >= self.held.low.get(partition, offset + 1)
        message = self.source.at(place) if there else None
        if message is None:
            return ALREADY if known else GONE
        if any(self._is_copy(message, (partition, copy)) for copy in known):
            return ALREADY
        refused, events = refusal(message.value(), self.codec)
        if refused is not None:
            return REFUSED + refused.value
        if self.target is None:
            return WOULD_BE
        others = [(name, content) for name, content in headers_of(message) if name != HEADER]
        origin = mark(self.held.topic_id, partition, offset)
        self.target.publish_again(message, [*others, origin], events)
        return PUBLISHED

    def _is_copy(self, message: Message, place: Place) -> bool:
        copy = self.copies.at(place)
        return copy is not None and (copy.key(), copy.value()) == (message.key(), message.value())
