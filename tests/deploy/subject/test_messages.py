"""The person's raw messages are found by their sealed name, whole, and nobody else's."""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest
from confluent_kafka import Message, Producer

from deploy.subject.export.messages import raw, theirs
from deploy.subject.raw_topic import raw_messages
from events.batch import InteractionBatch
from events.clock import MS_PER_HOUR
from events.kafka import client_config
from events.settings import Settings
from events.topics import Topic
from tests.deploy.subject.made import ANNA, BJORN, RAW, case_of, person, records, unseen
from tests.strategies import NOW_MS, encoded, fixed_id, sound_batch, written_in

START_MS = NOW_MS - MS_PER_HOUR


@dataclass(slots=True)
class Sent:
    """A message as far as it is looked at."""

    content: bytes | None
    at: tuple[int, int] = (0, 0)

    def value(self) -> bytes | None:
        return self.content

    def partition(self) -> int:
        return self.at[0]

    def offset(self) -> int:
        return self.at[1]

    def timestamp(self) -> tuple[int, int]:
        return 1, NOW_MS


def found(case: Any, *messages: Sent) -> list[dict[str, Any]]:
    blocks = theirs(case, [[cast(Message, each) for each in messages]], Counter())
    return [json.loads(text) for block in blocks for text in block]


def test_only_the_persons_are_found_with_all_that_is_in_them() -> None:
    case = case_of(None, raw=RAW)
    hers, his = sound_batch(), sound_batch(subject=BJORN, batch_id=fixed_id("batch", 1))
    told = found(case, Sent(encoded(hers), (1, 7)), Sent(encoded(his), (0, 8)))
    assert dict(case.places) == {1: [7]}
    (message,) = told
    assert message["batch_id"] == hers.header.batch_id.hex()
    assert (message["partition"], message["offset"], message["refused"]) == (1, "7", None)
    assert (message["surface"], message["origin"], message["team"]) == (
        "desktop",
        "live",
        hers.header.team,
    )
    assert message["base_time"] == "2026-11-20T11:00:00.000Z"
    assert message["events"] == {
        "time": ["2026-11-20T11:00:00.000Z", "2026-11-20T11:00:00.009Z"],
        "action": ["move", "button_down"],
        "x_px": [3, 3],
        "y_px": [4, 4],
        "detail": [0, 0],
        "role": ["unknown", "button"],
    }


def test_what_older_producers_wrote_is_found_too() -> None:
    case = case_of(None, raw=RAW)
    old = [
        written_in(version, sound_batch(subject=subject))
        for version in (1, 2)
        for subject in (ANNA, BJORN)
    ]
    told = found(case, *(Sent(value, (0, at)) for at, value in enumerate(old)))
    assert [each["offset"] for each in told] == ["0", "2"]
    assert all(each["events"]["x_px"] == [3, 3] for each in told)


def test_what_a_worker_refuses_whole_is_shown_with_its_bytes() -> None:
    batch = sound_batch()
    uneven = {**batch.columns, "role": np.resize(batch.columns["role"], 9)}
    value = encoded(InteractionBatch(batch.header, uneven))
    (message,) = found(case_of(None, raw=RAW), Sent(value))
    assert (message["refused"], message["events"]) == ("unequal_columns", None)
    assert base64.b64decode(message["value_base64"]) == value


def test_codes_and_times_that_nobody_knows_are_shown_as_they_are() -> None:
    wild = sound_batch((0, 99, 0, 0, 0, 77))
    late = sound_batch(base_time_ms=-5)
    unknown, negative = found(case_of(None, raw=RAW), Sent(encoded(wild)), Sent(encoded(late)))
    assert (unknown["events"]["action"], unknown["events"]["role"]) == (["99"], ["77"])
    assert (negative["refused"], negative["base_time"]) == ("negative_time", "-5")


@pytest.mark.parametrize("value", [None, b"", b"{}", ANNA.encode()])
def test_what_nobody_can_read_is_nobodys(value: bytes | None) -> None:
    case = case_of(None, raw=RAW)
    assert found(case, Sent(value)) == [] and not case.places


def test_without_a_kafka_nothing_is_looked_at_and_it_is_said() -> None:
    looked = raw(case_of(None), unseen)
    assert records(looked) == [] and "No Kafka was named" in looked.note


@pytest.mark.service
def test_every_partition_is_read_from_its_beginning_to_its_end(kafka: Settings) -> None:
    producer = Producer(client_config(kafka))
    for number in range(2_500):
        subject = (ANNA, BJORN)[number % 2]
        value = encoded(sound_batch(subject=subject, batch_id=fixed_id("batch", number)))
        producer.produce(Topic.RAW.value, value, b"key", 0)
    assert producer.flush(30) == 0
    read: list[int] = []
    offsets = [
        (each.partition(), each.offset())
        for block in raw_messages(kafka, [0, 1], read.append)
        for each in block
    ]
    assert offsets == [(0, offset) for offset in range(2_500)]
    assert sum(read) == 2_500
    case = case_of(None, person(BJORN), raw=RAW, settings=kafka)
    looked = raw(case, unseen)
    told = records(looked)
    assert [int(each["offset"]) for each in told] == case.places[0] == list(range(1, 2_500, 2))
    assert looked.days == {"2026-11-20": 1_250}
