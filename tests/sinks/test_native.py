"""Rows that go as Native arrive as those that go as Arrow, which is the twin that it is held to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sinks.coordinates import Coordinates
from sinks.decode import bytes_of, rows_of, unfolded
from sinks.insert import INSERT_SETTINGS
from sinks.native import NativeInserts, _packed, is_native, native
from sinks.tables import interactions, window_partials
from tests.sinks.made import CODEC, Batch, Sent, partials, training

COLUMNS = {
    "u1": pa.uint8(),
    "u2": pa.uint16(),
    "u4": pa.uint32(),
    "u8": pa.uint64(),
    "i1": pa.int8(),
    "i2": pa.int16(),
    "i4": pa.int32(),
    "i8": pa.int64(),
    "at": pa.timestamp("ms", "UTC"),
    "word": pa.dictionary(pa.int32(), pa.string()),
}
MADE = """
CREATE OR REPLACE TABLE {name} (
    u1 UInt8, u2 UInt16, u4 UInt32, u8 UInt64, i1 Int8, i2 Int16, i4 Int32, i8 Int64,
    at DateTime64(3, 'UTC'), word LowCardinality(String)
) ENGINE = MergeTree ORDER BY tuple()
"""
_TIMES = st.integers(0, 2**32 * 1_000 - 1)


def _values(kind: pa.DataType) -> st.SearchStrategy[Any]:
    if pa.types.is_dictionary(kind):
        return st.sampled_from(["", "a", "é\n\0", "w" * 300])
    if pa.types.is_timestamp(kind):
        return _TIMES
    least, most = np.iinfo(kind.to_pandas_dtype()).min, np.iinfo(kind.to_pandas_dtype()).max
    return st.integers(int(least), int(most))


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, kind)


def _table(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(COLUMNS)
    return pa.table(
        {
            name: _column(values, kind)
            for (name, kind), values in zip(COLUMNS.items(), columns, strict=True)
        }
    )


ROWS = st.lists(st.tuples(*map(_values, COLUMNS.values())), min_size=1, max_size=20).map(_table)


def arrive(client: Any, rows: pa.Table, made: str, order: str = "ALL") -> list[list[Any]]:
    """What the tables hold after ``rows`` went in as Arrow, and as Native."""
    found = []
    whole = rows.unify_dictionaries().combine_chunks()  # Arrow's files take no others
    for insert, name, part in ((client, "a", whole), (NativeInserts(client), "n", rows)):
        client.command(made.format(name=f"training.{name}"))
        insert.insert_arrow(f"training.{name}", part, settings=INSERT_SETTINGS)
        asked = f"SELECT * FROM training.{name} ORDER BY {order}"
        found.append([tuple(row) for row in client.query(asked).result_rows])
        client.command(f"DROP TABLE training.{name}")
    return found


@pytest.mark.service
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(parts=st.lists(ROWS, min_size=1, max_size=3), start=st.integers(0, 5))
def test_any_rows_arrive_as_those_that_go_as_arrow(
    engine: Any, parts: list[pa.Table], start: int
) -> None:
    rows = pa.concat_tables(parts).slice(start)
    assert is_native(rows) == bool(rows.num_rows)
    as_arrow, as_native = arrive(engine, rows, MADE)
    assert as_native == as_arrow
    assert len(as_native) == rows.num_rows


@pytest.mark.service
@pytest.mark.parametrize("words", [1, 254, 255, 256, 65_534, 65_535, 70_000])
def test_a_dictionary_may_have_any_number_of_words(engine: Any, words: int) -> None:
    numbers = np.arange(words)
    rows = pa.table(
        {
            "u4": pa.array(numbers.astype(np.uint32)),
            "word": pa.array([f"word {number}" for number in numbers]).dictionary_encode(),
        }
    )
    as_arrow, as_native = arrive(engine, rows, MADE, "u4")
    assert as_native == as_arrow


BATCHES = [
    Batch(number, actions=(0, 1, 2, 3), person=number % 3) for number in range(6)
]  # of three people


def rows(sent: Sent, table: str) -> pa.Table:
    at = Coordinates(sent.topic, "id", 0, 0, sent.time_ms)
    return unfolded(table, rows_of(CODEC, at, sent.value)[table])


@pytest.mark.service
@pytest.mark.parametrize(
    ("sent", "table"),
    [(training(BATCHES), interactions.TABLE), (partials(BATCHES), window_partials.TABLE)],
)
def test_rows_of_people_go_as_native_and_arrive_the_same(
    engine: Any, sent: Sent, table: str
) -> None:
    found = rows(sent, table)
    assert is_native(found)
    as_arrow, as_native = arrive(engine, found, f"CREATE OR REPLACE TABLE {{name}} AS {table}")
    assert as_native == as_arrow
    assert as_native


def test_a_block_by_http_is_the_same_bytes_packed() -> None:
    found = rows(training(BATCHES), interactions.TABLE)
    for packing in ("lz4", "zstd"):
        packed = _packed(native(found), packing)
        with pa.CompressedInputStream(pa.BufferReader(packed), packing) as unpacked:
            assert unpacked.read() == b"".join(native(found))


def test_what_rows_will_take_in_memory_is_known_before_they_are_made() -> None:
    sent = training(BATCHES)
    folded = rows_of(CODEC, Coordinates(sent.topic, "id", 0, 0, sent.time_ms), sent.value)
    made = unfolded(interactions.TABLE, folded[interactions.TABLE])
    words = made["application"].chunk(0).dictionary.nbytes
    assert bytes_of(interactions.TABLE, folded[interactions.TABLE]) == made.nbytes - words


def test_rows_that_have_no_such_columns_go_as_arrow() -> None:
    assert not is_native(pa.table({"a": pa.array(["plain text"])}))
    assert not is_native(pa.table({"a": pa.array([[1]])}))
    assert not is_native(pa.table({"a": pa.array([1, None])}))
    assert not is_native(pa.table({"a": pa.array([1.5])}))


def test_numbers_stand_in_a_block_as_they_lie_in_memory() -> None:
    table = pa.table({"n": pa.array([1, 2**16 - 1], pa.uint16())})
    assert b"".join(native(table)) == b"\x01\x02" + b"\x01n" + b"\x06UInt16" + b"\x01\x00\xff\xff"
