"""What is said of a refused message agrees with the worker, and holds nothing of what it says."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.dead_letters.explain import Explanation, explain, refusal
from events.batch import SCHEMA
from events.codec import CONFLUENT_MAGIC, MAX_SOURCE_BYTES, SINGLE_OBJECT_MAGIC, Codec
from events.errors import Retry
from events.outcomes import WHOLE_MESSAGE, Rejected
from events.schemas import AvroSchema, BundledSchema, newest
from producers.simulation.broken import REASON, Fault, break_batch
from streams.decode import RawMessage, decode
from tests.strategies import SEALER, encoded, record_of, sound_batch, written_in

BATCH = sound_batch((0, 0, 3, 4, 0, 0), (9, 1, 90, 4, 0, 1))
RECORD = record_of(BATCH)
CANARY = "canary"
NAMED = encoded(replace(BATCH, header=replace(BATCH.header, subject=CANARY, team=f"{CANARY}-team")))

#: What is said of each kind of broken message: the step, and what is at fault there.
SAID = {
    Fault.TRUNCATED: ("Avro", "the field role (19 of 19) cannot be read"),
    Fault.WRONG_MAGIC: ("framing", "none that is known: it begins with neither 00 nor C3 01"),
    Fault.UNKNOWN_FINGERPRINT: ("writer's schema", "single object, fingerprint not known"),
    Fault.UNEQUAL_COLUMNS: (
        "columns",
        "numbers of values differ: time_delta_ms 2, action 2, steps 2, detail 2, role 1",
    ),
    Fault.EMPTY_BATCH: ("columns", "0 events, and 1 to 4,096 are read"),
    Fault.TOO_MANY_EVENTS: ("columns", "4,097 events, and 1 to 4,096 are read"),
    Fault.INVALID_TEAM: ("header", "unusable: team"),
    Fault.BEFORE_1970: ("header", "unusable: base_time_ms"),
}


class Registry:
    """Knows the schema of batches as 1, another as 2, and is away for 3."""

    def id_of(self, schema: BundledSchema) -> int:
        return 1

    def schema_of(self, schema_id: int) -> AvroSchema | None:
        if schema_id == 3:
            raise Retry("away")
        known = {1: newest(SCHEMA).parsed, 2: newest("accounting").parsed}
        return known.get(schema_id)


def test_every_reason_that_refuses_a_message_has_its_words() -> None:
    assert {REASON[fault] for fault in SAID} | {Rejected.TOO_LARGE} == (
        # Whether a subject opens, only those with the keys can tell.
        WHOLE_MESSAGE - {Rejected.SUBJECT_NOT_OPENED}
    )


@pytest.mark.parametrize("fault", SAID)
def test_the_step_and_the_fault_are_named(fault: Fault) -> None:
    found = explain(break_batch(BATCH, fault, Codec(), SEALER).value, Codec())
    assert found.refused is REASON[fault]
    assert (found.step, found.fault) == SAID[fault]


def test_a_sound_message_is_accepted() -> None:
    assert explain(encoded(BATCH), Codec()) == Explanation("single object, fingerprint known")
    assert refusal(encoded(BATCH), Codec()) == (None, 2)


@pytest.mark.parametrize("value", [None, b""])
def test_an_empty_message_has_no_framing(value: bytes | None) -> None:
    found = explain(value, Codec())
    assert found.refused is Rejected.UNDECODABLE
    assert (found.step, found.fault) == ("framing", "none: the message is empty")


def test_a_large_message_is_not_read() -> None:
    found = explain(encoded(BATCH) + bytes(MAX_SOURCE_BYTES), Codec())
    assert (found.refused, found.step) == (Rejected.TOO_LARGE, "size")


def test_bytes_after_the_batch_are_counted() -> None:
    found = explain(encoded(BATCH) + CANARY.encode(), Codec())
    assert (found.step, found.fault) == ("Avro", "6 bytes are left after the last field")


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": CANARY},
        {"sealed_subject": b""},
        {"sealed_subject": CANARY.encode() * 100},
        {"team": f"! {CANARY}"},
        {"application": f"! {CANARY}"},
        {"sequence": -1},
        {"surface": 99},
        {"origin": 99},
        {"screen_width_px": 0},
        {"screen_height_px": 70_000},
        {"base_time_ms": 2**62},
        {"team": CANARY.upper(), "surface": -1},
    ],
)
def test_the_fields_of_the_header_are_named_and_no_other(changed: dict[str, Any]) -> None:
    found = explain(Codec().encode(SCHEMA, {**RECORD, **changed}), Codec())
    assert found.refused is Rejected.INVALID_HEADER
    named = ["subject" if "subject" in name else name for name in changed]
    assert found.fault == f"unusable: {', '.join(named)}"
    assert CANARY not in repr(found).lower()


def test_a_column_that_ends_inside_a_value_is_named() -> None:
    value = Codec().encode(SCHEMA, {**RECORD, "steps": b"abc", "detail": b"d"})
    found = explain(value, Codec())
    assert (found.step, found.fault) == ("columns", "end inside a value: steps, detail")


def test_columns_of_an_earlier_version_are_named_as_it_named_them() -> None:
    uneven = replace(BATCH, columns={**BATCH.columns, "role": BATCH.columns["role"][:1]})
    found = explain(written_in(2, uneven), Codec())
    assert found.fault == (
        "numbers of values differ: time_delta_ms 2, action 2, x_px 2, y_px 2, detail 2, role 1"
    )
    assert explain(written_in(2, BATCH), Codec()).refused is None


def test_places_that_stand_there_twice_are_named_as_that() -> None:
    found = explain(Codec().encode(SCHEMA, {**RECORD, "x_px": CANARY.encode()}), Codec())
    assert found.refused is Rejected.UNEQUAL_COLUMNS
    assert found.fault == "places stand there twice: in pixels, and as steps"


@pytest.mark.parametrize(
    ("schema_id", "step", "framing"),
    [
        (1, "", "Confluent, schema id known"),
        (2, "writer's schema", "Confluent, schema id known"),
        (9, "writer's schema", "Confluent, schema id not known"),
    ],
)
def test_a_schema_id_is_known_or_not(schema_id: int, step: str, framing: str) -> None:
    value = CONFLUENT_MAGIC + struct.pack(">I", schema_id) + encoded(BATCH)[10:]
    found = explain(value, Codec(Registry()))
    assert (found.step, found.framing) == (step, framing)


def test_without_a_registry_that_is_what_is_missing() -> None:
    found = explain(CONFLUENT_MAGIC + b"kana", Codec())
    assert found.refused is Rejected.UNKNOWN_SCHEMA
    assert "no schema registry is set" in found.fault
    assert explain(CONFLUENT_MAGIC + b"ka", Codec(Registry())).framing == "Confluent, cut short"


def test_a_registry_that_is_away_is_nobody_s_fault() -> None:
    with pytest.raises(Retry):
        explain(CONFLUENT_MAGIC + struct.pack(">I", 3) + b"body", Codec(Registry()))


@given(cut=st.integers(0, len(encoded(BATCH)) - 1))
def test_a_message_that_was_cut_is_explained_wherever_it_was_cut(cut: int) -> None:
    found = explain(encoded(BATCH)[:cut], Codec())
    assert found.refused is Rejected.UNDECODABLE or cut < 10
    assert found.step in {"Avro", "framing"}
    assert found.fault


@given(
    start=st.sampled_from(
        [b"", SINGLE_OBJECT_MAGIC, SINGLE_OBJECT_MAGIC + newest(SCHEMA).fingerprint]
        + [CONFLUENT_MAGIC + struct.pack(">I", number) for number in (1, 2, 9)]
    ),
    rest=st.binary(max_size=300),
)
def test_any_bytes_are_explained_as_the_worker_judges_them(start: bytes, rest: bytes) -> None:
    codec = Codec(Registry())
    value = start + rest
    broken = decode([RawMessage(0, 0, value)], codec)[1]
    found = explain(value, codec)
    assert [each.reason for each in broken] == ([found.refused] if found.refused else [])
    assert bool(found.step) == bool(found.fault) == bool(broken)


@given(at=st.integers(0, len(NAMED) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_never_brings_out_what_the_message_says(at: int, byte: int) -> None:
    value = bytearray(NAMED)
    value[at] = byte
    assert CANARY not in repr(explain(bytes(value), Codec()))
