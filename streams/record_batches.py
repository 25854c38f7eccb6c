"""Kafka's record batches as a worker reads them: bounded, and no producer's bytes stop it.

Kafka checks that the records of a batch are whole, but neither how much they unpack to nor what
their headers are called. aiokafka, by which Faust reads, unpacks a batch however large that gets,
and raises where a header's name is not UTF-8; Faust then ends the worker, at that message, for
ever. ``read_bounded`` puts this reader in the place of aiokafka's own. It takes of a record only
what a worker uses: no key, and of the headers only ours.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.util import calc_crc32c, decode_varint_py

from events.clock import TIMES_MS
from events.codec import MAX_SOURCE_BYTES
from events.redrive import HEADER
from streams.unpack import TooLarge, Unreadable, unpacked

#: Stands for every value that is larger than a sound one: none of these is held in memory.
OVERSIZED = bytes(MAX_SOURCE_BYTES + 1)

#: Kafka's message format 2: base offset, length, leader epoch, magic, CRC, attributes, last offset
#: delta, first and largest timestamp, producer's id and epoch, sequence, number of records.
_HEAD = struct.Struct(">qiibIhiqqqhii")
_LENGTH_AT, _LENGTH_COUNTS_FROM, _MAGIC_AT, _CRC_COVERS_FROM = 8, 12, 16, 21
_MAGIC = 2  # since Kafka 0.11, and the only one that Kafka 4 takes
_CODEC, _LOG_APPEND_TIME, _TRANSACTIONAL, _CONTROL = 0x07, 0x08, 0x10, 0x20

#: A producer may write any number; one that our tables cannot hold is no time.
_NO_TIME = -1
_OUR_NAME = HEADER.encode()
#: Ours has no longer value, and there is one of it: more are kept so that they do not count.
_MOST_HEADER_BYTES, _MOST_HEADERS = 256, 2

Headers = tuple[tuple[str, bytes | None], ...]


class Record(NamedTuple):
    """What aiokafka's fetcher asks of a record; ``timestamp`` in ms UTC, -1 where there is none."""

    offset: int
    timestamp: int
    timestamp_type: int
    value: bytes | None
    headers: Headers
    key: None = None
    checksum: None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A record inside its batch: offset and timestamp are as far as from the batch's first."""

    delta: int
    delta_ms: int
    value: bytes | None
    headers: Headers = ()


class BoundedBatch:
    """One batch, with the interface of aiokafka's.

    Iterating gives one record for each that the batch counts, and raises for nothing that is in
    them: one that cannot be read has no value, and in a batch that unpacks to more than
    ``MAX_UNPACKED_BYTES`` all are ``OVERSIZED``.
    """

    def __init__(self, data: memoryview) -> None:
        self._data = data
        head = _HEAD.unpack_from(data)
        self.base_offset, self._crc, self._attributes = head[0], head[4], head[5]
        self._first_ms, self._largest_ms, self.producer_id = head[7], head[8], head[9]
        self.next_offset = self.base_offset + head[6] + 1
        # Where the two disagree no broker has compared them: believe the smaller.
        self._count = min(head[12], head[6] + 1)
        self.is_control_batch = bool(self._attributes & _CONTROL)
        self.is_transactional = bool(self._attributes & _TRANSACTIONAL)

    def validate_crc(self) -> bool:
        """Whether disks and wires have left the batch as Kafka took it."""
        return bool(calc_crc32c(bytes(self._data[_CRC_COVERS_FROM:])) == self._crc)

    def __iter__(self) -> Iterator[Record]:
        appended = bool(self._attributes & _LOG_APPEND_TIME)
        for found in self._found():
            time_ms = self._largest_ms if appended else self._first_ms + found.delta_ms
            yield Record(
                self.base_offset + found.delta,
                time_ms if time_ms in TIMES_MS else _NO_TIME,
                int(appended),
                found.value,
                found.headers,
            )

    def _found(self) -> Iterator[_Found]:
        data, instead = self._unpacked()
        at = delta = 0
        for _ in range(self._count):
            found, at = _next(data, at, delta, instead)
            if self.base_offset + found.delta >= self.next_offset:
                return  # no broker has looked at these, or it would not have taken them
            yield found
            delta = found.delta + 1

    def _unpacked(self) -> tuple[memoryview, bytes | None]:
        """The records, and what stands for the value of one that is not there."""
        try:
            return unpacked(self._attributes & _CODEC, self._data[_HEAD.size :]), None
        except TooLarge:
            return memoryview(b""), OVERSIZED
        except Unreadable:
            return memoryview(b""), None


def _next(data: memoryview, at: int, delta: int, instead: bytes | None) -> tuple[_Found, int]:
    """The record at ``at``, and where the next one begins. One that cannot be read is given the
    offset that comes next, ``delta``; without its length all that follow cannot be read either."""
    broken = _Found(delta, 0, instead)
    try:
        size, begin = decode_varint_py(data, at)
        end = begin + size
        if not begin < end <= len(data):
            return broken, len(data)
    except (LookupError, ValueError):
        return broken, len(data)
    try:
        found = _parsed(data[begin:end])
    except (LookupError, ValueError):
        return broken, end
    return (found if found.delta >= delta else broken), end


def _parsed(data: memoryview) -> _Found:
    """A record without its length. LookupError or ValueError where it is not one."""
    delta_ms, at = decode_varint_py(data, 1)  # behind the attributes, of which there are none
    delta, at = decode_varint_py(data, at)
    at = _field(data, at)[1]
    value, at = _field(data, at)
    count, at = decode_varint_py(data, at)
    headers: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        name, at = _field(data, at)
        content, at = _field(data, at)
        if name is not None and name.nbytes == len(_OUR_NAME) and bytes(name) == _OUR_NAME:
            kept = None if content is None else bytes(content[:_MOST_HEADER_BYTES])
            headers = [*headers[: _MOST_HEADERS - 1], (HEADER, kept)]
    if at != len(data):
        raise ValueError
    return _Found(delta, delta_ms, _bounded(value), tuple(headers))


def _bounded(value: memoryview | None) -> bytes | None:
    if value is None:
        return None
    return OVERSIZED if len(value) > MAX_SOURCE_BYTES else bytes(value)


def _field(data: memoryview, at: int) -> tuple[memoryview | None, int]:
    """The bytes at ``at``, which stand behind their length, and where they end; None where the
    length is negative."""
    size, begin = decode_varint_py(data, at)
    if size < 0:
        return None, begin
    end = begin + size
    if end > len(data):
        raise ValueError
    return data[begin:end], end


class BoundedRecords:
    """The record batches of one fetch, with the interface of aiokafka's ``MemoryRecords``. A batch
    at the end that Kafka has cut off is left out, as there."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def size_in_bytes(self) -> int:
        """Of all of it, what was cut off included."""
        return len(self._data)

    def has_next(self) -> bool:
        """Whether there is one more whole batch."""
        return self._end() is not None

    def next_batch(self) -> BoundedBatch | None:
        """The next batch; None after the last one. ``CorruptRecordException`` for what Kafka itself
        would not send: a batch shorter than its header, or of a message format before 2."""
        begin, end = self._at, self._end()
        if end is None:
            return None
        if end - begin < _HEAD.size or self._data[begin + _MAGIC_AT] != _MAGIC:
            raise CorruptRecordException("what the broker sent is no record batch of format 2")
        self._at = end
        return BoundedBatch(self._data[begin:end])

    def _end(self) -> int | None:
        counted_from = self._at + _LENGTH_COUNTS_FROM
        if counted_from > len(self._data):
            return None
        (length,) = struct.unpack_from(">i", self._data, self._at + _LENGTH_AT)
        end = counted_from + max(0, int(length))
        return end if end <= len(self._data) else None


def read_bounded() -> None:
    """From now on every consumer of aiokafka in this process reads by ``BoundedRecords``.

    Its fetcher knows no other way to be told: it names its reader in its module.
    """
    fetcher.MemoryRecords = BoundedRecords
