"""What the raw message says of a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import pytest
from confluent_kafka import Message

from deploy.dead_letters.held import Held
from deploy.dead_letters.read import Reader
from deploy.trace.books import Account
from deploy.trace.source import Finding, Source, examine, look_up
from events.codec import Codec
from events.purposes import Purpose
from tests.oracle import keyed
from tests.strategies import encoded, ring, sound_batch

PURPOSE = Purpose.AGENT_TRAINING
BATCH = sound_batch()
ROW_ID = keyed(ring(0).epochs[0].keys[PURPOSE], "batch", BATCH.header.batch_id)


@dataclass(frozen=True, slots=True)
class Given:
    """As much of a Kafka message as is read."""

    body: bytes

    def value(self) -> bytes:
        return self.body

    def offset(self) -> int:
        return 7

    def timestamp(self) -> tuple[int, int]:
        return 1, 0


def message(body: bytes) -> Message:
    return cast("Message", Given(body))


class OneMessage:
    """A topic in which every place has this message."""

    def at(self, place: tuple[int, int]) -> Message:
        return message(b"there")


def test_the_message_yields_the_id_of_its_own_rows_and_of_no_others() -> None:
    raw = message(encoded(BATCH))
    sound = examine(raw, PURPOSE, ROW_ID, ring(0), Codec())
    assert sound == Finding(Source.YIELDS_IT, len(BATCH))
    other = examine(raw, Purpose.TEAM_ANALYTICS, ROW_ID, ring(0), Codec())
    assert other.source is Source.YIELDS_ANOTHER
    assert examine(raw, PURPOSE, ROW_ID ^ 1, ring(0), Codec()).source is Source.YIELDS_ANOTHER
    assert examine(message(b"?"), PURPOSE, ROW_ID, ring(0), Codec()).source is Source.REFUSED


def test_a_message_that_expired_is_said_to_be_gone() -> None:
    assert examine(None, PURPOSE, ROW_ID, ring(0), Codec()) == Finding(Source.GONE)


@pytest.mark.parametrize(
    ("held", "is_there"),
    [
        (Held("id", {0: 7}), True),
        (Held("id", {0: 8}), False),
        (Held("id", {1: 0}), False),
        (Held("another", {0: 0}), False),
        (None, False),
    ],
)
def test_a_message_is_looked_for_only_where_kafka_has_it(held: Held | None, is_there: bool) -> None:
    account = Account("interactions.raw", "id", 0, 7, 1, "", 1, 1, {}, {}, -1, ())
    found = look_up(account, held, cast("Reader", OneMessage()))
    assert (found is not None) == is_there
