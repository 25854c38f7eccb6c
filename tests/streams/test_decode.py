"""Decode: columns over all events, and what is refused whole."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given

from events.batch import SCHEMA, InteractionBatch, from_record
from events.codec import Codec
from events.errors import Reject, Retry
from events.outcomes import Rejected
from streams.decode import Broken, RawMessage, decode
from tests.strategies import NOW_MS, OPENER, Sent, encoded, runs, sound_batch


def messages_of(run: list[Sent]) -> list[RawMessage]:
    """The run's messages at offsets 100, 101, ..."""
    return [RawMessage(100 + at, NOW_MS + at, sent.value) for at, sent in enumerate(run)]


@given(run=runs(most=3))
def test_every_event_has_its_owner_its_index_and_its_time(run: list[Sent]) -> None:
    batches, _ = decode(messages_of(run), Codec(), OPENER)
    expected = []
    owner = 0
    for sent in run:
        if sent.batch is None:
            continue
        time_ms = sent.batch.header.base_time_ms
        for index in range(len(sent.batch)):
            event = {name: int(column[index]) for name, column in sent.batch.columns.items()}
            time_ms += event.pop("time_delta_ms")
            expected.append({"owner": owner, "index": index, "time_ms": time_ms, **event})
        owner += 1
    names = ("owner", "index", "time_ms", "action", "x_px", "y_px", "detail", "role")
    columns = [getattr(batches, name).tolist() for name in names]
    found = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    assert found == expected
    sound = [at for at, sent in enumerate(run) if sent.batch is not None]
    assert batches.offset.tolist() == [100 + at for at in sound]
    headers = [replace(header, sealed_subject=b"") for header in batches.headers]
    assert headers == [sent.batch.header for sent in run if sent.batch is not None]
    assert batches.event_count.sum() == len(expected)


@given(run=runs(most=3))
def test_what_is_broken_is_told_by_coordinates_and_reason_alone(run: list[Sent]) -> None:
    _, broken = decode(messages_of(run), Codec(), OPENER)
    assert broken == tuple(
        Broken(100 + at, NOW_MS + at, sent.reason)
        for at, sent in enumerate(run)
        if sent.reason is not None
    )


def test_nothing_decodes_to_nothing() -> None:
    batches, broken = decode([], Codec())
    assert (len(batches), len(batches.time_ms), broken) == (0, 0, ())


def test_times_add_up_beyond_what_32_bits_hold() -> None:
    batch = sound_batch(*[(65_535, 0, 0, 0, 0, 0)] * 4_096)
    batches, _ = decode([RawMessage(0, 0, encoded(batch))] * 20, Codec())
    assert (batches.time_ms.max() - batch.header.base_time_ms) == 65_535 * 4_096


def test_a_registry_that_is_away_refuses_no_message() -> None:
    class Away:
        def id_of(self, schema: object) -> int:
            raise Retry("away")

        def schema_of(self, schema_id: int) -> None:
            raise Retry("away")

    with pytest.raises(Retry):
        decode([RawMessage(0, 0, b"\x00\x00\x00\x00\x01abc")], Codec(Away()))


@given(run=runs(most=2))
def test_no_repr_shows_what_a_message_holds(run: list[Sent]) -> None:
    batches, broken = decode(messages_of(run), Codec(), OPENER)
    shown = repr(batches) + repr(broken) + repr(messages_of(run))
    assert "canary" not in shown
    assert "value" not in shown
    assert str(NOW_MS)[:6] not in repr(batches)


@given(run=runs())
def test_columns_of_a_take_are_those_of_its_batches_one_by_one(run: list[Sent]) -> None:
    """Against a decoder that looks at one message after the other."""
    one_by_one: list[InteractionBatch] = []
    refused: list[Rejected] = []
    for message in messages_of(run):
        try:
            batch = from_record(Codec().decode(SCHEMA, message.value))
            one_by_one.append(InteractionBatch(OPENER.opened(batch.header), batch.columns))
        except Reject as refusal:
            refused.append(refusal.reason)
    found, broken = decode(messages_of(run), Codec(), OPENER)
    assert [entry.reason for entry in broken] == refused
    assert found.headers == tuple(batch.header for batch in one_by_one)
    assert found.event_count.tolist() == list(map(len, one_by_one))
    assert found.index.tolist() == [place for batch in one_by_one for place in range(len(batch))]
    owners = [[number] * len(batch) for number, batch in enumerate(one_by_one)]
    assert found.owner.tolist() == list(chain(*owners))
    times = [batch.times_ms().tolist() for batch in one_by_one]
    assert found.time_ms.tolist() == list(chain(*times))
    for name in ("action", "x_px", "y_px", "detail", "role"):
        column = getattr(found, name)
        assert column.tolist() == [x for batch in one_by_one for x in batch.columns[name].tolist()]
        assert all(column.dtype == batch.columns[name].dtype for batch in one_by_one)
