"""Publishes dead letters again, unchanged, to where they came from.

1. the books say which messages are dead letters, and of which they know a copy
2. the end of the raw topic, which the books do not know yet, is read for the headers of copies
3. each of the rest is read from the raw topic and decoded as a worker would; what would be refused
   again is left
4. it is sent with the same key, value, headers and time to the same partition, in the order of
   offsets, and with a header that names it

Killed anywhere, the same command goes on: what was sent before is found by 1 or 2. Two at the same
time can send a message twice; its rows collapse, and the totals count a batch once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from confluent_kafka import Message

from deploy.dead_letters.books import Places
from deploy.dead_letters.explain import refusal
from deploy.dead_letters.held import Held
from deploy.dead_letters.letter import Place, written
from deploy.dead_letters.read import headers_of
from events.codec import Codec
from events.redrive import HEADER, mark

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
    """What is needed to publish dead letters of the topic ``held``. ``target`` None: nothing is
    sent, only found out. ``copied``: places of copies that the books do not know yet."""

    held: Held
    copied: Collection[Place]
    source: Source
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
        for place, redriven in places:
            if stopped():
                break
            known = redriven or place in self.copied
            tally.note(ALREADY if known else self._treat(place), place)
            on_done(1)
        return tally

    def _treat(self, place: Place) -> str:
        partition, offset = place
        if offset < self.held.low.get(partition, offset + 1):
            return GONE
        message = self.source.at(place)
        if message is None:
            return GONE
        refused, events = refusal(message.value(), self.codec)
        if refused is not None:
            return REFUSED + refused.value
        if self.target is None:
            return WOULD_BE
        others = [(name, content) for name, content in headers_of(message) if name != HEADER]
        origin = mark(self.held.topic_id, partition, offset)
        self.target.publish_again(message, [*others, origin], events)
        return PUBLISHED
