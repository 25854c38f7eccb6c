"""Messages that librdkafka cannot read stand in nobody's way: neither who looks for copies, nor
who reads a message beside them, nor who asks where the topic ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.broker import EmbeddedBroker
from deploy.dead_letters.copies import copied_since
from deploy.dead_letters.read import Reader
from events.kafka import create_topics, end_offsets, wait_for_kafka
from events.redrive import mark
from events.settings import Settings
from events.topics import Topic
from events.unreadable import headers_of
from streams.unpack import ZSTD
from tests.kit.raw_producer import produce
from tests.kit.record_batch import Made, batch, compressed
from tests.streams.test_record_batches import of_size

#: More than the 100 MB that librdkafka unpacks.
_BOMB_BYTES = 120_000_000


@pytest.mark.service
def test_nobody_is_kept_from_reading_by_a_bomb_or_by_a_name_that_is_no_text(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        settings = Settings(kafka_servers=broker.servers, kafka_partitions=1, server_timeout_s=20)
        create_topics(wait_for_kafka(settings), settings)
        bomb = compressed(of_size(_BOMB_BYTES), ZSTD)
        name, place = mark("id", 0, 0)
        for each in (
            batch([Made(b"letter"), Made(b"odd", headers=[(b"\xff", b"x")])]),
            batch(bomb, ZSTD, count=3),
            batch([Made(b"letter", headers=[(name.encode(), place)])]),
            batch(bomb, ZSTD, count=1),
        ):
            assert produce(broker.servers, Topic.RAW, 0, each) == 0
        assert end_offsets(settings, Topic.RAW, [0]) == {0: 7}
        assert copied_since(settings, "id", {0: 0}) == {(0, 0): (5,)}
        with Reader(settings) as reader:
            odd, inside = reader.at((0, 1)), reader.at((0, 3))
            beside = reader.at((0, 5))
        assert odd is not None
        assert (odd.value(), headers_of(odd)) == (b"odd", [])
        assert inside is None
        assert beside is not None
        assert beside.value() == b"letter"


@pytest.mark.service
def test_a_name_that_is_no_text_harms_nobody_after_a_thousand_sound_ones(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        settings = Settings(kafka_servers=broker.servers, kafka_partitions=1, server_timeout_s=20)
        create_topics(wait_for_kafka(settings), settings)
        name, place = mark("id", 0, 0)
        sound = Made(b"letter", headers=[(name.encode(), place)])
        odd = Made(b"odd", headers=[(b"\xff", b"x")])
        made = batch([*[sound] * 1_000, odd, sound])
        assert produce(broker.servers, Topic.RAW, 0, made) == 0
        found = copied_since(settings, "id", {0: 0})
        assert found == {(0, 0): (*range(1, 1_000), 1_001)}
        with Reader(settings) as reader:
            message = reader.at((0, 1_000))
    assert message is not None
    assert [headers_of(message) for _ in range(100)] == [[]] * 100
