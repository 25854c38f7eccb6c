"""Record batches of Kafka made by hand (message format 2), with whatever is wrong in them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import cramjam
from aiokafka.record.util import calc_crc32c

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
CONTROL = 0x20
_HEAD = struct.Struct(">hiqqqhii")
_BEFORE = struct.Struct(">qiibI")


@dataclass(frozen=True, slots=True)
class Made:
    """A record. Names of headers are bytes, since a producer may write any."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[bytes, bytes | None]] = ()
    time_delta_ms: int = 0


def varint(number: int) -> bytes:
    """Zigzag, as Kafka and Avro write whole numbers."""
    rest = ((number << 1) ^ (number >> 63)) & (2**64 - 1)
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes(out) + bytes([rest])


def sized(data: bytes | None) -> bytes:
    """``data`` after its length; -1 for none."""
    return varint(-1) if data is None else varint(len(data)) + data


def record(made: Made, place: int) -> bytes:
    """One record, the ``place``-th of its batch."""
    headers = b"".join(sized(name) + sized(value) for name, value in made.headers)
    body = (
        b"\0" + varint(made.time_delta_ms) + varint(place) + sized(made.key) + sized(made.value)
    ) + (varint(len(made.headers)) + headers)
    return sized(body)


def batch(
    records: Sequence[Made] | bytes,
    codec: int = NONE,
    *,
    count: int | None = None,
    last_delta: int | None = None,
    time_ms: int = 0,
    attributes: int = 0,
    base_offset: int = 0,
    crc: int | None = None,
) -> bytes:
    """A batch of ``records``; as bytes, they are what stands behind the batch's header. Numbers
    that are named are written in the place of the true ones."""
    number = len(records) if count is None else count
    if not isinstance(records, bytes):
        records = compressed(b"".join(map(record, records, range(len(records)))), codec)
    last = number - 1 if last_delta is None else last_delta
    head = _HEAD.pack(attributes | codec, last, time_ms, time_ms, -1, -1, -1, number)
    checked = head + records
    crc = calc_crc32c(checked) if crc is None else crc
    return _BEFORE.pack(base_offset, len(checked) + 9, -1, 2, crc) + checked


def compressed(data: bytes, codec: int) -> bytes:
    """``data`` as a producer with this codec sends it."""
    match codec:
        case 1:
            gzip = zlib.compressobj(9, wbits=31)
            return gzip.compress(data) + gzip.flush()
        case 2:
            return bytes(cramjam.snappy.compress_raw(data))
        case 3:
            lz4 = cramjam.lz4.Compressor(content_checksum=False, block_linked=False)
            lz4.compress(data)
            return bytes(lz4.finish())  # Kafka reads no blocks that refer to earlier ones
        case 4:
            return bytes(cramjam.zstd.compress(data))
    return data
