"""The worker's reader of record batches: as aiokafka's where a batch is sound, and bounded where
it is not."""

from __future__ import annotations

import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from events.codec import MAX_SOURCE_BYTES, Codec
from events.outcomes import Rejected
from events.redrive import HEADER
from streams.decode import RawMessage, decode
from streams.record_batches import OVERSIZED, BoundedRecords, Record
from streams.unpack import GZIP, LZ4, MAX_UNPACKED_BYTES, NONE, SNAPPY, ZSTD
from tests.kit.record_batch import Made, batch, compressed, record, varint

CODECS = [NONE, GZIP, SNAPPY, LZ4, ZSTD]
PACKED = CODECS[1:]
OUR_HEADER = (HEADER.encode(), b"topic:0:4")


def read(*batches: bytes) -> list[Record]:
    """All records of one fetch, by the worker's reader."""
    fetched = BoundedRecords(b"".join(batches))
    found: list[Record] = []
    while (each := fetched.next_batch()) is not None:
        assert each.validate_crc()
        found += each
    return found


def of_size(size: int) -> bytes:
    """A sound record whose value has this many zeros, as it stands in a batch."""
    body = b"\0\0\0\1" + varint(size) + bytes(size) + b"\0"
    return varint(len(body)) + body


made = st.builds(
    Made,
    st.none() | st.binary(max_size=40),
    st.none() | st.binary(max_size=9),
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8"), max_size=5).map(str.encode),
            st.none() | st.binary(max_size=5),
        ),
        max_size=3,
    ),
    st.integers(0, 10**6),
)


@given(st.lists(made, min_size=1, max_size=5), st.sampled_from(CODECS), st.integers(0, 2**40))
def test_a_sound_batch_reads_as_by_aiokafka(records: list[Made], codec: int, base: int) -> None:
    data = batch(records, codec, time_ms=1_700_000_000_000, base_offset=base)
    theirs = MemoryRecords(data).next_batch()
    assert [(r.offset, r.timestamp, r.timestamp_type, r.value) for r in read(data)] == [
        (r.offset, r.timestamp, r.timestamp_type, r.value) for r in theirs
    ]


@pytest.mark.parametrize("codec", CODECS)
def test_a_header_name_that_is_not_utf_8_harms_nothing(codec: int) -> None:
    odd = Made(b"two", b"\xff", [(b"\xff\xfe", b"x"), OUR_HEADER])
    found = read(batch([Made(b"one"), odd, Made(b"three")], codec))
    assert [each.value for each in found] == [b"one", b"two", b"three"]
    assert [each.headers for each in found] == [(), ((HEADER, OUR_HEADER[1]),), ()]


def test_of_key_and_headers_only_ours_is_kept_and_no_more_than_tells_that_there_are_two() -> None:
    several = [(b"a", b"1"), *[OUR_HEADER] * 5, (HEADER.encode(), bytes(9_999))]
    (found,) = read(batch([Made(b"", b"key", several)]))
    assert found.key is None
    assert [name for name, _ in found.headers] == [HEADER, HEADER]
    assert all(len(value or b"") <= 256 for _, value in found.headers)


@pytest.mark.parametrize("codec", PACKED)
def test_a_batch_that_unpacks_to_too_much_is_refused_record_by_record(codec: int) -> None:
    bomb = compressed(of_size(MAX_UNPACKED_BYTES), codec)
    found = read(batch(bomb, codec, count=3, base_offset=7), batch([Made(b"next")]))
    assert [each.offset for each in found] == [7, 8, 9, 0]
    assert all(each.value is OVERSIZED for each in found[:3])
    assert found[3].value == b"next"


@pytest.mark.parametrize("codec", CODECS)
def test_a_large_value_is_refused_and_not_held(codec: int) -> None:
    found = read(batch([Made(bytes(MAX_SOURCE_BYTES)), Made(bytes(MAX_SOURCE_BYTES + 1))], codec))
    assert len(found[0].value or b"") == MAX_SOURCE_BYTES
    assert found[1].value is OVERSIZED
    _, broken = decode([RawMessage(0, 0, OVERSIZED)], Codec())
    assert broken[0].reason is Rejected.TOO_LARGE


@pytest.mark.parametrize("codec", CODECS)
def test_what_cannot_be_read_is_a_record_without_a_value(codec: int) -> None:
    found = read(batch(b"\xff" * 50, codec, count=3), batch([Made(b"next")], codec))
    assert [(each.offset, each.value) for each in found[:3]] == [(0, None), (1, None), (2, None)]
    assert found[3].value == b"next"


def test_a_broken_record_harms_none_that_stands_beside_it() -> None:
    sound = [record(Made(b"v"), place) for place in (0, 2)]
    found = read(batch(sound[0] + varint(5) + b"\xff" * 5 + sound[1], count=3))
    assert [each.value for each in found] == [b"v", None, b"v"]
    assert [each.offset for each in found] == [0, 1, 2]


def test_codecs_that_there_are_not_and_cut_streams_are_unreadable() -> None:
    assert [each.value for each in read(batch([Made(b"v")], attributes=7))] == [None]
    for codec in PACKED:
        packed = compressed(of_size(1_000), codec)
        assert [each.value for each in read(batch(packed[:-3], codec, count=1))] == [None]


def test_numbers_that_lie_neither_hang_nor_go_past_the_batch() -> None:
    one = [Made(b"v")]
    values = [each.value for each in read(batch(one, count=2**31 - 1, last_delta=3))]
    assert values == [b"v", None, None, None]
    assert len(read(batch(one, count=1, last_delta=2**31 - 1))) == 1
    assert read(batch(one, count=-1)) == []
    leaps = record(Made(b"v"), 2**30) + record(Made(b"v"), 1)
    assert [each.offset for each in read(batch(leaps, count=2))] == []


@pytest.mark.parametrize("time_ms", [-(2**63), -1, 2**32 * 1_000, 2**63 - 1])
def test_a_time_that_no_calendar_of_ours_has_is_none(time_ms: int) -> None:
    assert [each.timestamp for each in read(batch([Made(b"v")], time_ms=time_ms))] == [-1]


def test_times_that_the_broker_gave_are_the_batchs() -> None:
    record = Made(b"v", time_delta_ms=5)
    (found,) = read(batch([record], time_ms=1_000, attributes=0x08))
    assert (found.timestamp, found.timestamp_type) == (1_000, 1)


def test_a_batch_that_the_broker_cut_off_waits_for_the_next_fetch() -> None:
    whole = batch([Made(b"v")])
    for size in (0, 5, 30, len(whole) - 1):
        fetched = BoundedRecords(whole + whole[:size])
        assert fetched.next_batch() is not None
        assert not fetched.has_next()
        assert fetched.next_batch() is None
        assert fetched.size_in_bytes() == len(whole) + size


def test_what_no_broker_sends_is_said_to_be_corrupt() -> None:
    whole = bytearray(batch([Made(b"v")]))
    whole[16] = 1
    with pytest.raises(CorruptRecordException):
        BoundedRecords(bytes(whole)).next_batch()
    with pytest.raises(CorruptRecordException):
        BoundedRecords(bytes(8) + b"\xff" * 4 + bytes(80)).next_batch()


def test_damage_on_the_way_is_seen() -> None:
    batches = BoundedRecords(batch([Made(b"v")], crc=1))
    found = batches.next_batch()
    assert found is not None
    assert not found.validate_crc()
