"""Reading single messages, copies at the end of the topic, and what the topic holds."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer

from deploy.dead_letters.copies import copied_since
from deploy.dead_letters.held import held_by_kafka
from deploy.dead_letters.read import Reader
from events.codec import Codec
from events.errors import ServerMissing
from events.kafka import client_config
from events.redrive import mark
from events.settings import Settings
from events.topics import Topic
from events.unreadable import headers_of
from producers.publisher import Publisher

pytestmark = pytest.mark.service

MESSAGES = 3_000


@pytest.fixture
def filled(kafka: Settings) -> Settings:
    """Partition 1 has 3,000 messages; partition 0 none."""
    producer = Producer(client_config(kafka))
    for number in range(MESSAGES):
        producer.produce(Topic.RAW.value, str(number).encode(), b"key", 1, timestamp=1_000 + number)
    assert producer.flush(30) == 0
    return kafka


def test_messages_are_read_by_their_places_in_any_order(filled: Settings) -> None:
    offsets = [5, 6, 7, 600, 2_900, MESSAGES - 1, 0, 2_000, 2_001, 5]
    with Reader(filled) as reader:
        for offset in offsets:
            message = reader.at((1, offset))
            assert message is not None
            assert message.value() == str(offset).encode()
            assert headers_of(message) == []
        assert reader.at((1, MESSAGES)) is None
        assert reader.at((0, 0)) is None
        assert reader.at((1, 1)) is not None


def test_a_kafka_that_has_gone_is_given_up_on() -> None:
    away = Settings(kafka_servers="127.0.0.1:9", server_timeout_s=0.5)
    with Reader(away) as reader, pytest.raises(ServerMissing):
        reader.at((0, 0))


def test_what_is_published_again_is_the_same_but_for_its_headers(filled: Settings) -> None:
    with Reader(filled) as reader, Publisher(filled, Codec()) as publisher:
        for offset in (17, 18):
            message = reader.at((1, offset))
            assert message is not None
            publisher.publish_again(message, [("own", None), mark("id", 1, offset)], 1)
        publisher.flush()
        for offset in (17, 18):
            first, copy = reader.at((1, offset)), reader.at((1, MESSAGES + offset - 17))
            assert first is not None
            assert copy is not None
            assert (copy.key(), copy.value()) == (first.key(), first.value())
            assert copy.timestamp() == first.timestamp()
            assert headers_of(copy) == [("own", None), mark("id", 1, offset)]


def test_copies_are_found_from_a_place_to_the_end(filled: Settings) -> None:
    looked: list[int] = []
    assert copied_since(filled, "id", {0: 0, 1: 0}, looked.append) == {}
    assert sum(looked) >= MESSAGES
    with Reader(filled) as reader, Publisher(filled, Codec()) as publisher:
        for offset in (17, 18):
            message = reader.at((1, offset))
            assert message is not None
            publisher.publish_again(message, [mark("id", 1, offset)], 1)
    assert copied_since(filled, "id", {1: 2_000}) == {
        (1, 17): (MESSAGES,),
        (1, 18): (MESSAGES + 1,),
    }
    assert copied_since(filled, "id", {1: MESSAGES + 1}) == {(1, 18): (MESSAGES + 1,)}
    assert copied_since(filled, "id", {1: MESSAGES + 2}) == {}
    assert copied_since(filled, "another", {1: 2_000}) == {}
    assert copied_since(filled, "id", {}) == {}


def test_what_kafka_holds_is_told_of_topics_that_are_there(filled: Settings) -> None:
    held = held_by_kafka(filled, [Topic.RAW, Topic.CONSENT])
    assert held[Topic.RAW.value].low == {0: 0, 1: 0}
    assert held[Topic.CONSENT.value].low == {0: 0}
    assert held_by_kafka(Settings(), [Topic.RAW]) == {}
    assert held_by_kafka(filled, []) == {}
