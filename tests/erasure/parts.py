"""Reads pseudonyms straight out of the files of active parts, past ClickHouse.

A column's file is a row of compressed blocks (ClickHouse, src/Compression): 16 bytes of checksum,
then, counted in the compressed size: a byte that names the codec, uint32 compressed size, uint32
size of what is in it. ``0x91`` is several codecs one over the other; ``0x92`` Delta.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import cramjam
import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<BII")
_CHECKSUM_BYTES = 16
_NONE, _LZ4, _ZSTD, _MULTIPLE, _DELTA, _T64 = 0x02, 0x82, 0x90, 0x91, 0x92, 0x93
_ID_BYTES = 8


def words_in(part: Path) -> Iterator[NDArray[np.uint64]]:
    """Every aligned 8 bytes of every block of a part's pseudonyms: of their own file, or, where the
    part keeps all columns in one file, of that."""
    file = part / "pseudonym.bin"
    if not file.exists():
        file = part / "data.bin"
    for block in _blocks(file.read_bytes()):
        yield np.frombuffer(block[: len(block) // _ID_BYTES * _ID_BYTES], "<u8")


def _blocks(content: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        place += _CHECKSUM_BYTES
        _, size, _ = _HEADER.unpack_from(content, place)
        yield _decompressed(content[place : place + size])
        place += size


def _decompressed(block: bytes) -> bytes:
    method, _, size = _HEADER.unpack_from(block)
    data = block[_HEADER.size :]
    if method == _NONE:
        return data
    if method == _LZ4:
        return bytes(cramjam.lz4.decompress_block(data, output_len=size))
    if method == _ZSTD:
        return bytes(cramjam.zstd.decompress(data))
    if method == _DELTA:
        return _undone_delta(data)
    if method == _T64:
        return b""  # of a column of small numbers; pseudonyms have none of it
    if method == _MULTIPLE:
        inner = data[1 + data[0] :]  # how many, and which: each block names its own again
        for _ in range(data[0]):
            inner = _decompressed(inner)
        return inner
    raise ValueError(f"codec {method:#x} is not known here")


def _undone_delta(data: bytes) -> bytes:
    """First the width of a value, and how many bytes were left over at the start; then these, then
    differences."""
    width, left = data[0], data[1]
    start = 2 + left
    values = np.frombuffer(data[start : start + (len(data) - start) // width * width], f"<u{width}")
    return data[2:start] + np.cumsum(values, dtype=values.dtype).tobytes()
