"""From records to rows."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.codec import SINGLE_OBJECT_MAGIC, Codec
from events.errors import Reject
from events.outcomes import Rejected
from events.purposes import Purpose
from events.schemas import bundled, newest
from events.topics import SPEC, Topic
from sinks.coordinates import Coordinates
from sinks.decode import count_rows, rows_of, unfolded
from sinks.tables.accounting import reason_maps
from tests.sinks.made import (
    DAY_MS,
    Batch,
    Sent,
    accounted,
    encode,
    partials,
    refused,
    said,
    training,
)


def _rows(sent: Sent) -> dict[str, pa.Table]:
    at = Coordinates(sent.topic, "id", sent.partition, 0, sent.time_ms)
    found = rows_of(Codec(), at, sent.value)
    return {table: unfolded(table, rows) for table, rows in found.items()}


def _record(sent: Sent) -> dict[str, Any]:
    return Codec().decode(SPEC[sent.topic].schema, sent.value)


def _rejected(sent: Sent, **changed: Any) -> Rejected:
    """The reason for which ``sent`` with some fields ``changed`` is rejected."""
    with pytest.raises(Reject) as caught:
        _rows(encode(sent.topic, sent.partition, {**_record(sent), **changed}))
    return caught.value.reason


batches = st.lists(
    st.builds(
        Batch,
        batch=st.integers(1, 2**40),
        person=st.integers(1, 2**40),
        application=st.sampled_from(["browser", "email", "other"]),
        base_time_ms=st.integers(0, 2**32 * 1000 - 10**9),
        actions=st.lists(st.integers(0, 9), max_size=9).map(tuple),
        gap_ms=st.integers(0, 100_000),
        withheld=st.integers(0, 5),
    ),
    min_size=1,
    max_size=6,
)


@given(batches)
def test_each_event_becomes_a_row_with_what_its_batch_has_and_its_own_time(
    made: list[Batch],
) -> None:
    """In the order of the table's sort key; batches that are the same, in that of the message."""
    rows = _rows(training(made))["training.interactions"].to_pylist()
    expected = [
        (
            batch.batch,
            batch.person + 1_000,
            batch.application,
            index,
            batch.base_time_ms + batch.gap_ms * (place + 1),
            action,
        )
        for batch in sorted(made, key=lambda batch: (batch.person, batch.batch))
        for place, (index, action) in enumerate(zip(batch.index, batch.actions, strict=True))
    ]
    assert [
        (
            row["batch"],
            row["pseudonym"],
            row["application"],
            row["index"],
            round(row["time"].timestamp() * 1_000),
            row["action"],
        )
        for row in rows
    ] == expected


@given(st.lists(batches, min_size=1, max_size=4))
def test_rows_of_many_messages_are_those_of_each_in_the_order_of_their_key(
    messages: list[list[Batch]],
) -> None:
    """Against rows that are made of one message at a time, and then sorted."""
    at = Coordinates(Topic.TRAINING, "id", 0, 0, DAY_MS)
    table = "training.interactions"
    gathered = [rows_of(Codec(), at, training(made).value)[table] for made in messages]
    found = unfolded(table, pa.concat_tables(gathered))
    apart = pa.concat_tables([unfolded(table, part) for part in gathered])
    order = sorted(
        range(apart.num_rows),
        key=lambda row: [
            apart[name][row].as_py() for name in ("pseudonym", "session", "sequence", "batch")
        ],
    )
    assert found.to_pylist() == apart.take(pa.array(order, pa.int64())).to_pylist()
    assert sum(count_rows(table, part) for part in gathered) == found.num_rows


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("action", 10, Rejected.UNKNOWN_ACTION),
        ("role", 12, Rejected.UNKNOWN_ROLE),
        ("surface", 4, Rejected.INVALID_HEADER),
        ("origin", 3, Rejected.INVALID_HEADER),
        ("application", 1, Rejected.INVALID_HEADER),
        ("base_time_ms", -1, Rejected.INVALID_HEADER),
        ("base_time_ms", 2**32 * 1_000, Rejected.INVALID_HEADER),
        ("base_time_ms", 2**63 - 1, Rejected.INVALID_HEADER),
        ("event_count", 5, Rejected.UNEQUAL_COLUMNS),
    ],
)
def test_a_code_or_time_that_no_row_can_have_is_rejected(
    column: str, value: int, reason: Rejected
) -> None:
    layout = {each.name: each for each in newest("training_rows").packed}
    rows = 1 if layout[column].group == "batches" else 4
    packed = np.full(rows, value, layout[column].dtype).tobytes()
    assert _rejected(training([Batch(1)]), **{column: packed}) is reason


def test_an_application_that_is_no_identifier_is_rejected() -> None:
    sent = training([Batch(1)])
    assert _rejected(sent, applications=["Payroll: J. Doe"]) is Rejected.INVALID_HEADER


def test_a_window_that_does_not_start_with_the_minute_is_rejected() -> None:
    start = np.array([DAY_MS + 1], "<i8").tobytes()
    assert _rejected(partials([Batch(1)]), window_start_ms=start) is Rejected.INVALID_HEADER


def test_a_partial_keeps_all_its_measures() -> None:
    row = _rows(partials([Batch(1, actions=(0, 0, 4))]))["analytics.window_partials"].to_pylist()[0]
    assert row["window_start"] == DAY_MS // 1_000
    assert (row["event_count"], row["move_count"], row["key_down_count"]) == (3, 2, 1)
    assert (row["letter_key_count"], row["digit_key_count"], row["path_px"]) == (1, 0, 9)


@given(
    st.integers(0, 6).flatmap(
        lambda rows: st.dictionaries(
            st.sampled_from(["paused", "withdrawn", "not_enrolled"]),
            st.lists(st.integers(0, 3), min_size=rows, max_size=rows),
        ).map(lambda counts: (rows, counts))
    )
)
def test_reason_maps_hold_exactly_the_counts_that_are_not_zero(
    case: tuple[int, dict[str, list[int]]],
) -> None:
    rows, counts = case
    packed = {reason: np.array(values, "<u4").tobytes() for reason, values in counts.items()}
    assert [dict(row) for row in reason_maps(packed, rows).to_pylist()] == [
        {reason: values[row] for reason, values in counts.items() if values[row]}
        for row in range(rows)
    ]


def test_reasons_of_another_length_than_the_messages_are_rejected() -> None:
    sent = accounted([Batch(1)], 0, Purpose.AGENT_TRAINING)
    assert _rejected(sent, withheld={"paused": b"\0" * 8}) is Rejected.UNEQUAL_COLUMNS
    assert _rejected(sent, withheld={"a person's name": b"\0" * 4}) is Rejected.INVALID_HEADER


def test_a_topic_id_as_kafka_prints_it_is_kept() -> None:
    topic_id = "AaH/8X9OdIGUItKM+FoLLQ"
    sent = accounted([Batch(1)], 7, Purpose.TEAM_ANALYTICS, topic_id=topic_id)
    rows = _rows(sent)["governance.accounting"].to_pylist()
    assert [(row["topic_id"], row["offset"]) for row in rows] == [(topic_id, 7)]


def test_an_account_says_of_which_dead_letter_a_message_is_a_copy() -> None:
    batches = [Batch(1), Batch(2), Batch(3)]
    sent = accounted(batches, 7, Purpose.AGENT_TRAINING, redriven_offset=[8], redriven_from=[0])
    rows = _rows(sent)["governance.accounting"].to_pylist()
    assert [row["redriven_from"] for row in rows] == [-1, 0, -1]
    assert _rejected(sent, redriven_from=[]) is Rejected.UNEQUAL_COLUMNS
    assert _rejected(sent, redriven_from=[-1]) is Rejected.INVALID_HEADER
    assert _rejected(sent, redriven_offset=[10]) is Rejected.INVALID_HEADER


def test_an_account_of_the_version_before_is_read_as_one_without_copies() -> None:
    earlier = next(each for each in bundled() if each.name == "accounting" and each.version == 1)
    sent = accounted([Batch(1)], 7, Purpose.AGENT_TRAINING)
    body = io.BytesIO()
    fastavro.schemaless_writer(body, earlier.parsed, _record(sent))
    old = replace(sent, value=SINGLE_OBJECT_MAGIC + earlier.fingerprint + body.getvalue())
    assert [row["redriven_from"] for row in _rows(old)["governance.accounting"].to_pylist()] == [-1]


def test_a_consent_log_of_the_version_before_is_read_as_one_without_chains() -> None:
    earlier = next(each for each in bundled() if (each.name, each.version) == ("consent_log", 1))
    sent, body = said(2), io.BytesIO()
    fastavro.schemaless_writer(body, earlier.parsed, _record(sent))
    old = replace(sent, value=SINGLE_OBJECT_MAGIC + earlier.fingerprint + body.getvalue())
    rows = _rows(old)["governance.consent_log"].to_pylist()
    assert [(row["action"], row["number"], row["hash"]) for row in rows] == [("grant", -1, "")] * 2


def test_a_consent_log_has_the_chain_or_leaves_it_out_whole() -> None:
    sent = said(2)
    (first, _) = _rows(sent)["governance.consent_log"].to_pylist()
    assert (first["number"], first["actor_id"], first["jurisdiction"]) == (1, "7f3c9a", "DE-BY")
    assert _rejected(sent, hash=[]) is Rejected.UNEQUAL_COLUMNS
    assert _rejected(sent, number=[1]) is Rejected.UNEQUAL_COLUMNS
    assert _rejected(sent, actor_id=["John Doe", "0"]) is Rejected.INVALID_HEADER


def test_a_watermark_comes_with_the_account_but_not_before_the_first_event() -> None:
    sent = accounted([Batch(1)], 0, Purpose.AGENT_TRAINING)
    told = _rows(sent)["analytics.watermarks"].to_pylist()
    assert [row["watermark"].timestamp() * 1_000 for row in told] == [DAY_MS]
    early = encode(sent.topic, 0, {**_record(sent), "watermark_ms": -1})
    assert _rows(early)["analytics.watermarks"].num_rows == 0


@pytest.mark.parametrize("sent", [refused([3, 4], Rejected.TOO_LARGE), said(2)])
def test_one_reason_or_word_a_record_is_required(sent: Sent) -> None:
    assert [rows.num_rows for rows in _rows(sent).values()] == [2]
    listed = "reason" if sent.topic is Topic.DEAD_LETTERS else "action"
    assert _rejected(sent, **{listed: ["withdraw"]}) is Rejected.UNEQUAL_COLUMNS


def test_negative_offsets_and_partitions_are_rejected() -> None:
    sent = refused([3], Rejected.TOO_LARGE)
    negative = np.array([-1], "<i8").tobytes()
    assert _rejected(sent, offset=negative) is Rejected.INVALID_HEADER
    assert _rejected(sent, partition=-1) is Rejected.INVALID_HEADER
