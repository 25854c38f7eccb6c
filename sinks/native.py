"""Rows as ClickHouse has them in memory: its format Native, so that it has nothing to convert.

    block    columns, rows (varints), then for each column: name, type (length and text), values
    values   numbers as they lie in memory; dictionaries as below

Reading a block of Arrow took ClickHouse five times the CPU. Tables with lists or maps are small
here, and go as Arrow.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

_NUMBERS = {
    getattr(pa, f"{sign}int{bits}")(): f"{sign.upper()}Int{bits}"
    for sign in ("", "u")
    for bits in (8, 16, 32, 64)
}
_PLAIN = {**_NUMBERS, pa.timestamp("ms", "UTC"): "DateTime64(3, 'UTC')"}
_WORDS = "LowCardinality(String)"

#: Of a dictionary (ClickHouse, SerializationLowCardinality): its form; that the words come with the
#: values, for this block alone; by number of bytes, the type of the values.
_SHARED_DICTIONARIES, _WORDS_FOLLOW, _NEW_DICTIONARY = 1, 1 << 9, 1 << 10
_INDEX_TYPES = {1: 0, 2: 1, 4: 2}


@dataclass(frozen=True, slots=True)
class NativeInserts:
    """A ClickHouse client whose inserts of Arrow tables go as Native where that is possible."""

    client: Client

    def insert_arrow(
        self, table: str, arrow_table: pa.Table, *, settings: dict[str, Any]
    ) -> object:
        """As the client's own, and with the same outcome."""
        if not is_native(arrow_table):
            return self.client.insert_arrow(table, arrow_table, settings=settings)
        body, packing = self._body(arrow_table), self.client.write_compression
        return self.client.raw_insert(
            table, arrow_table.column_names, body, settings, "Native", packing
        )

    def query_arrow(self, query: str) -> pa.Table:
        """As the client's own."""
        return self.client.query_arrow(query)

    def query(self, query: str, parameters: dict[str, Any]) -> Any:
        """As the client's own."""
        return self.client.query(query, parameters=parameters)

    def _body(self, rows: pa.Table) -> bytes | Generator[bytes]:
        """By HTTP packed, and whole, since the client may have to send it again."""
        packing, block = self.client.write_compression, native(rows)
        if packing in ("lz4", "zstd"):
            return _packed(block, packing)
        return block


def is_native(rows: pa.Table) -> bool:
    """Whether there are rows, and every column is of numbers, of moments in ms, or of words from a
    dictionary."""
    return rows.num_rows > 0 and all(
        column.null_count == 0 and (column.type in _PLAIN or _is_of_words(column.type))
        for column in rows.columns
    )


def native(rows: pa.Table) -> Generator[bytes]:
    """``rows``, for which ``is_native`` is true, as one block, a column at a time: a block that
    stood in memory whole would take as much as the rows."""
    rows = rows.unify_dictionaries().combine_chunks()
    yield _varint(rows.num_columns) + _varint(rows.num_rows)
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        values = column.chunk(0)
        if _is_of_words(column.type):
            yield _text(name) + _text(_WORDS)
            yield from _dictionary(values)
        else:
            yield _text(name) + _text(_PLAIN[column.type])
            yield _numbers(values)


def _packed(block: Iterable[bytes], packing: str) -> bytes:
    """A column at a time, so that the block is never there whole."""
    found = pa.BufferOutputStream()
    with pa.CompressedOutputStream(found, packing) as packed:
        for part in block:
            packed.write(part)
    return bytes(found.getvalue().to_pybytes())


def _numbers(values: pa.Array) -> bytes:
    plain = values.view(pa.int64()) if pa.types.is_timestamp(values.type) else values
    return bytes(plain.to_numpy().tobytes())


def _dictionary(values: pa.DictionaryArray) -> Iterator[bytes]:
    words = ["", *values.dictionary.to_pylist()]  # ClickHouse's own begin with the default
    index = np.min_scalar_type(len(words))
    kind = _INDEX_TYPES[index.itemsize] | _WORDS_FOLLOW | _NEW_DICTIONARY
    yield struct.pack("<QQQ", _SHARED_DICTIONARIES, kind, len(words))
    yield b"".join(map(_text, words))
    yield struct.pack("<Q", len(values))
    yield (values.indices.to_numpy() + 1).astype(index).tobytes()


def _is_of_words(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind) and kind.value_type == pa.string())


def _text(text: str) -> bytes:
    return _varint(len(text.encode())) + text.encode()


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])
