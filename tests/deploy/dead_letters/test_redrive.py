"""What becomes of each dead letter that is to be published again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from confluent_kafka import Message

from deploy.dead_letters.books import Places
from deploy.dead_letters.held import Held
from deploy.dead_letters.letter import Place
from deploy.dead_letters.redrive import Redrive, Tally
from events.codec import Codec
from events.redrive import HEADER, mark
from tests.strategies import encoded, sound_batch

SOUND = encoded(sound_batch((0, 0, 3, 4, 0, 0), (9, 1, 90, 4, 0, 1)))
HELD = Held("topic-id", {0: 5, 1: 0})


@dataclass(slots=True)
class Found:
    """A message as far as it is looked at."""

    place: Place
    content: bytes | None
    marks: list[tuple[str, bytes | None]]
    owner: bytes | None = b"key"

    def key(self) -> bytes | None:
        return self.owner

    def value(self) -> bytes | None:
        return self.content

    def headers(self) -> list[tuple[str, bytes | None]]:
        return self.marks


@dataclass(slots=True)
class Topic:
    """Messages by place; and what was published, in order."""

    messages: dict[Place, Found]
    published: list[tuple[Place, list[tuple[str, bytes | None]], int]] = field(default_factory=list)

    def at(self, place: Place) -> Message | None:
        return cast("Message | None", self.messages.get(place))

    def publish_again(
        self, message: Message, headers: list[tuple[str, bytes | None]], events: int
    ) -> None:
        self.published.append((cast(Any, message).place, headers, events))


def topic(*contents: tuple[Place, bytes | None]) -> Topic:
    return Topic({place: Found(place, content, [("trace", b"x")]) for place, content in contents})


def places(*found: Place, copies: Mapping[Place, tuple[int, ...]] | None = None) -> Places:
    partitions, offsets = zip(*found, strict=True)
    return Places(np.array(partitions, np.uint32), np.array(offsets, np.uint64), copies or {})


def run(
    of: Topic,
    letters: Places,
    *,
    copied: Mapping[Place, tuple[int, ...]] | None = None,
    send: bool = True,
    most: int = 99,
) -> dict[str, list[str]]:
    """Places by outcome; stopped after ``most``."""
    work = Redrive(HELD, copied or {}, of, of, of if send else None, Codec())
    done: list[int] = []
    tally = work.run(letters, done.append, lambda: len(done) >= most)
    assert sum(tally.counts.values()) == len(done)
    return dict(tally.places)


def test_what_is_accepted_now_is_published_in_order_under_a_mark() -> None:
    of = topic(((0, 7), SOUND), ((0, 9), SOUND), ((1, 0), SOUND))
    found = run(of, places((0, 7), (0, 9), (1, 0)))
    assert found == {"published again": ["0:7", "0:9", "1:0"]}
    assert of.published == [
        (place, [("trace", b"x"), mark("topic-id", *place)], 2) for place in of.messages
    ]


def test_a_copy_that_was_refused_too_names_itself_not_its_origin() -> None:
    of = topic(((0, 9), SOUND))
    of.messages[0, 9].marks.append(mark("topic-id", 0, 7))
    run(of, places((0, 9)))
    ((_, headers, _),) = of.published
    assert [value for name, value in headers if name == HEADER] == [b"topic-id:0:9"]


def test_what_was_published_before_is_known_from_the_books_or_from_the_end_of_the_topic() -> None:
    of = topic(*(((0, offset), SOUND) for offset in (7, 8, 9, 20, 21)))
    letters = places((0, 7), (0, 8), (0, 9), copies={(0, 7): (20,)})
    assert run(of, letters, copied={(0, 8): (21,)}) == {
        "left: it was published again before": ["0:7", "0:8"],
        "published again": ["0:9"],
    }
    assert [place for place, *_ in of.published] == [(0, 9)]


def test_a_header_that_a_producer_forged_hides_nothing() -> None:
    of = topic(((0, 7), SOUND), ((0, 20), b"something else"), ((0, 21), SOUND))
    assert run(of, places((0, 7), copies={(0, 7): (20, 99)})) == {"published again": ["0:7"]}
    again = run(of, places((0, 7), copies={(0, 7): (20, 99)}), copied={(0, 7): (21,)})
    assert again == {"left: it was published again before": ["0:7"]}


def test_the_key_of_a_copy_is_the_same_too() -> None:
    of = topic(((0, 7), SOUND), ((0, 20), SOUND))
    of.messages[0, 20].owner = b"another"
    assert "published again" in run(of, places((0, 7), copies={(0, 7): (20,)}))


def test_what_is_gone_from_kafka_was_published_before_if_the_books_say_so() -> None:
    assert run(topic(), places((0, 4), copies={(0, 4): (6,)})) == {
        "left: it was published again before": ["0:4"]
    }


def test_what_is_still_refused_or_gone_is_left() -> None:
    of = topic(((0, 4), SOUND), ((0, 7), b"garbage"), ((0, 8), None))
    letters = places((0, 4), (0, 7), (0, 8), (1, 3), (2, 3))
    assert run(of, letters) == {
        "left: no longer in Kafka": ["0:4", "1:3", "2:3"],
        "left: still refused as undecodable": ["0:7", "0:8"],
    }
    assert of.published == []


def test_a_dry_run_publishes_nothing() -> None:
    of = topic(((0, 7), SOUND))
    assert run(of, places((0, 7)), send=False) == {"would be published again": ["0:7"]}
    assert of.published == []


def test_stopped_half_way_and_run_again_each_goes_out_once() -> None:
    letters = places(*((0, offset) for offset in range(5, 25)))
    of = topic(*((place, SOUND) for place in letters))
    run(of, letters, most=8)
    sent = {place for place, *_ in of.published}
    assert len(sent) == 8
    for place in sent:
        of.messages[0, 100 + place[1]] = of.messages[place]
    run(of, letters, copied={place: (100 + place[1],) for place in sent})
    assert [place for place, *_ in of.published] == list(letters)


def test_the_first_few_places_are_named_and_all_are_counted() -> None:
    tally = Tally()
    for offset in range(1_000):
        tally.note("published again", (0, offset))
    tally.note("left: no longer in Kafka", (3, 1))
    assert tally.counts["published again"] == 1_000
    assert tally.places["published again"] == ["0:0", "0:1", "0:2", "0:3", "0:4"]
    assert tally.lost == 1


def test_named_places_are_chosen_from_what_the_books_have() -> None:
    letters = places((0, 7), (0, 9), (1, 0))
    assert list(letters.only([(0, 9), (4, 4)])) == [(0, 9)]
    assert len(letters.only([])) == 0
