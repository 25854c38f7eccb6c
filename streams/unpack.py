"""Unpacks the records of a Kafka batch into a bounded number of bytes, whatever is in them."""

from __future__ import annotations

import zlib

import cramjam
import numpy as np

#: Most bytes that a batch may unpack to: 16 times what a producer, ours or another with Kafka's
#: defaults, puts into one. A worker holds one such batch for each partition that it reads.
MAX_UNPACKED_BYTES = 16 * 1_048_576

#: The numbers of Kafka's codecs.
NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)

#: What Java's Snappy puts before its blocks: a magic, a version, the oldest version it fits.
_XERIAL, _XERIAL_HEAD_BYTES = b"\x82SNAPPY\0", 16
_GZIP_WINDOW = 31
_FULL = "whole buffer"  # cramjam has one kind of error, and these words where the room is too small


class Unreadable(ValueError):
    """The bytes are not of the codec that the batch names, or there is no such codec."""


class TooLarge(ValueError):
    """They would unpack to more than ``MAX_UNPACKED_BYTES``."""


def unpacked(codec: int, data: memoryview) -> memoryview:
    """``data`` unpacked by the codec with this number. Raises ``Unreadable`` and ``TooLarge``."""
    try:
        if codec == NONE:
            return data
        if codec == GZIP:
            return _gunzipped(data)
        if codec == SNAPPY:
            return _unsnapped(bytes(data))
        if codec in (LZ4, ZSTD):
            return _into_room(codec, data)
    except (cramjam.DecompressionError, zlib.error) as error:
        raise (TooLarge if _FULL in str(error) else Unreadable) from None
    raise Unreadable


def _gunzipped(data: memoryview) -> memoryview:
    gzip = zlib.decompressobj(_GZIP_WINDOW)
    found = gzip.decompress(data, MAX_UNPACKED_BYTES + 1)
    if len(found) > MAX_UNPACKED_BYTES:
        raise TooLarge
    if not gzip.eof or gzip.unused_data:
        raise Unreadable
    return memoryview(found)


def _unsnapped(data: bytes) -> memoryview:
    if not data.startswith(_XERIAL):
        return memoryview(_block(data, MAX_UNPACKED_BYTES))
    found, at = bytearray(), _XERIAL_HEAD_BYTES
    while at < len(data):
        begin = at + 4
        at = begin + int.from_bytes(data[at:begin], "big")
        found += _block(data[begin:at], MAX_UNPACKED_BYTES - len(found))
    return memoryview(found)


def _block(data: bytes, room_bytes: int) -> bytes:
    """A block of Snappy, which begins with its size."""
    if cramjam.snappy.decompress_raw_len(data) > room_bytes:
        raise TooLarge
    return bytes(cramjam.snappy.decompress_raw(data))


def _into_room(codec: int, data: memoryview) -> memoryview:
    room = np.empty(MAX_UNPACKED_BYTES, np.uint8)  # memory that is not written to costs nothing
    kind = cramjam.lz4 if codec == LZ4 else cramjam.zstd
    return memoryview(room[: kind.decompress_into(data, room)].tobytes())
