"""The codec: what is written is read, and bad bytes are refused, never anything else."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from typing import Any

import fastavro
import pytest
from fastavro.utils import generate_one
from hypothesis import example, given, settings
from hypothesis import strategies as st

from events.batch import SCHEMA, from_record
from events.codec import MAX_MESSAGE_BYTES, Codec
from events.errors import Reject, Retry
from events.outcomes import Rejected
from events.schemas import AvroSchema, BundledSchema, as_reader, bundled, fingerprint, newest
from tests.strategies import OPENER, batches, encoded

NAMES = sorted({schema.name for schema in bundled()})


@dataclass(slots=True)
class FakeRegistry:
    """Ids in the order of registration; can be away."""

    schemas: list[AvroSchema] = field(default_factory=list)
    away: bool = False

    def id_of(self, schema: BundledSchema) -> int:
        if self.away:
            raise Retry("away")
        self.schemas.append(fastavro.parse_schema(dict(schema.parsed), _force=True))  # type: ignore[arg-type]
        return len(self.schemas)

    def schema_of(self, schema_id: int) -> AvroSchema | None:
        if self.away:
            raise Retry("away")
        return self.schemas[schema_id - 1] if 0 < schema_id <= len(self.schemas) else None


def refused(codec: Codec, message: bytes | None, name: str = SCHEMA) -> Rejected:
    with pytest.raises(Reject) as refusal:
        codec.decode(name, message)
    return refusal.value.reason


def a_record(name: str) -> dict[str, Any]:
    record = generate_one(newest(name).parsed)
    assert isinstance(record, dict)
    return record


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("registered", [False, True])
def test_every_schema_survives_the_round_trip_in_both_framings(name: str, registered: bool) -> None:
    registry = FakeRegistry() if registered else None
    record = a_record(name)
    message = Codec(registry).encode(name, record)
    assert message[:1] == (b"\x00" if registered else b"\xc3")
    assert Codec(registry).decode(name, message) == record


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_takes_both_framings_side_by_side(name: str) -> None:
    codec, record = Codec(FakeRegistry()), a_record(name)
    for message in (codec.encode(name, record), Codec().encode(name, record)):
        assert codec.decode(name, message) == record


def test_the_fingerprint_is_crc_64_avro_in_little_endian() -> None:
    # The value of the Avro project's own test data for the schema "int" is 7275d51a3f395c8f.
    assert fingerprint("int").hex() == "8f5c393f1ad57572"  # type: ignore[arg-type]


def test_the_single_object_header_is_the_marker_and_the_fingerprint() -> None:
    message = Codec().encode("consent_record", a_record("consent_record"))
    assert message[:10] == b"\xc3\x01" + newest("consent_record").fingerprint


def test_a_message_that_is_no_avro_or_cut_or_too_long_is_undecodable() -> None:
    codec = Codec()
    message = codec.encode(SCHEMA, a_record(SCHEMA))
    bad = (None, b"", b"\xc3", b"\xc3\x01", message[:9], b"\x00\x00\x00\x01", message + b"\x00")
    for value in (*bad, b"{}" + message, message[:-1], message[:10], b"\xc3\x02" + message[2:]):
        assert refused(codec, value) is Rejected.UNDECODABLE


def test_text_that_is_not_utf_8_is_undecodable() -> None:
    record = {**a_record("consent_record"), "subject": "qqqq"}
    message = Codec().encode("consent_record", record).replace(b"qqqq", b"\xff\xfe\xff\xfe")
    assert refused(Codec(), message, "consent_record") is Rejected.UNDECODABLE


def test_a_message_larger_than_any_sound_one_is_not_even_read() -> None:
    assert refused(Codec(), b"\xc3\x01" + b"\0" * (MAX_MESSAGE_BYTES - 1)) is Rejected.TOO_LARGE


def test_an_unknown_schema_or_one_of_another_name_is_unknown() -> None:
    other = Codec().encode("consent_record", a_record("consent_record"))
    message = Codec().encode(SCHEMA, a_record(SCHEMA))
    for codec in (Codec(), Codec(FakeRegistry())):
        assert refused(codec, other) is Rejected.UNKNOWN_SCHEMA
        assert refused(codec, b"\xc3\x01" + b"\1" * 8 + message[10:]) is Rejected.UNKNOWN_SCHEMA
        assert refused(codec, b"\x00\x00\x00\x00\x09" + message[10:]) is Rejected.UNKNOWN_SCHEMA


def test_a_schema_of_the_registry_without_a_name_is_unknown() -> None:
    registry = FakeRegistry([{"type": "string"}])
    assert refused(Codec(registry), b"\x00\x00\x00\x00\x01\x02a") is Rejected.UNKNOWN_SCHEMA


def test_a_registry_that_is_away_is_not_the_message_s_fault() -> None:
    registry = FakeRegistry()
    message = Codec(registry).encode(SCHEMA, a_record(SCHEMA))
    registry.away = True
    with pytest.raises(Retry):
        Codec(registry).decode(SCHEMA, message)
    with pytest.raises(Retry):
        Codec(registry).encode(SCHEMA, a_record(SCHEMA))
    registry.away = False
    assert Codec(registry).decode(SCHEMA, message)


def changed(name: str, *, without: str = "", more: tuple[dict[str, Any], ...] = ()) -> AvroSchema:
    """The newest schema with a field less, or with more of them."""
    schema = {key: value for key, value in newest(name).parsed.items() if key[:2] != "__"}
    schema["fields"] = [entry for entry in schema["fields"] if entry["name"] != without]
    schema["fields"] += more
    parsed = fastavro.parse_schema(schema, _force=True)
    assert isinstance(parsed, dict)
    return parsed


def framed(schema: AvroSchema, record: dict[str, Any]) -> tuple[Codec, bytes]:
    """A codec whose registry knows ``schema`` as 1, and ``record`` written with it."""
    import io

    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, record)
    return Codec(FakeRegistry([schema])), b"\x00" + struct.pack(">I", 1) + out.getvalue()


def test_a_field_that_a_later_writer_added_is_left_out() -> None:
    later = changed("consent_record", more=({"name": "channel", "type": "string"},))
    record = a_record("consent_record")
    codec, message = framed(later, {**record, "channel": "portal"})
    assert codec.decode("consent_record", message) == record


@pytest.mark.parametrize(
    ("kind", "default", "read"), [("string", "none", "none"), ("bytes", "\u0000ÿ", b"\x00\xff")]
)
def test_a_field_with_a_default_that_an_earlier_writer_lacked_is_filled_in(
    monkeypatch: pytest.MonkeyPatch, kind: str, default: str, read: str | bytes
) -> None:
    earlier = newest("consent_record").parsed
    reader = changed(
        "consent_record", more=({"name": "channel", "type": kind, "default": default},)
    )
    record = a_record("consent_record")
    codec, message = framed(earlier, record)
    schema = newest("consent_record")
    later = BundledSchema(schema.name, 2, "", reader, as_reader(reader), b"", schema.packed)
    monkeypatch.setattr("events.codec.newest", lambda name: later)
    assert codec.decode("consent_record", message) == {**record, "channel": read}


def test_a_writer_that_left_out_a_field_without_a_default_is_undecodable() -> None:
    record = a_record("consent_record")
    del record["at_ms"]
    codec, message = framed(changed("consent_record", without="at_ms"), record)
    assert refused(codec, message, "consent_record") is Rejected.UNDECODABLE


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A sound message with bytes flipped, cut out, or made into huge lengths."""
    message = bytearray(encoded(draw(batches())))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(message) - 1)))
        match draw(st.integers(0, 3)):
            case 0:
                message[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                del message[at:]
            case 2:  # a length of 2^62, or a negative one
                message[at : at + 1] = draw(
                    st.sampled_from((b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x01", b"\x03"))
                )
            case _:
                message[at:at] = draw(st.binary(max_size=12))
    return bytes(message)


@settings(max_examples=200)
@given(message=mutated() | st.binary(max_size=200))
@example(message=b"\xc3\x01" + newest(SCHEMA).fingerprint + b"\xff" * 60)
def test_whatever_the_bytes_a_message_is_read_or_refused_and_nothing_else(message: bytes) -> None:
    for codec in (Codec(), Codec(FakeRegistry([newest(SCHEMA).parsed]))):
        try:
            batch = from_record(codec.decode(SCHEMA, message))
        except Reject:
            continue
        assert len(batch) >= 1


@given(batch=batches())
def test_a_batch_survives_the_round_trip(batch: Any) -> None:
    back = from_record(Codec().decode(SCHEMA, encoded(batch)))
    opened = OPENER.opened(back.header)
    assert replace(opened, sealed_subject=b"") == batch.header
    for name, column in batch.columns.items():
        assert back.columns[name].dtype == column.dtype
        assert back.columns[name].tolist() == column.tolist()
