"""The envelope of a batch: every reason that refuses it whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from events.batch import SCHEMA, from_record, is_identifier, is_subject, to_record
from events.codec import Codec
from events.errors import Reject
from events.outcomes import WHOLE_MESSAGE, Rejected
from events.schemas import newest
from events.vocabulary import MAX_BATCH_EVENTS, MAX_TIME_MS
from tests.strategies import (
    SUBJECTS,
    TEAMS,
    batches,
    encoded,
    record_of,
    sound_batch,
    written_in,
)

Change = dict[str, Any]
ROWS = {column.name: column.dtype.itemsize for column in newest(SCHEMA).packed}
#: The places of two events as they were written before version 3.
PLACES: Change = {"steps": b"", "x_px": b"\1\2\3\4", "y_px": b"\5\6\7\x08"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sealed_subject": b""}, Rejected.INVALID_HEADER),
        ({"sealed_subject": b"x" * 257}, Rejected.INVALID_HEADER),
        ({"subject": "readable"}, Rejected.INVALID_HEADER),  # beside the sealed one
        ({"subject": "x" * 129, "sealed_subject": b""}, Rejected.INVALID_HEADER),
        ({"subject": "ø" * 65, "sealed_subject": b""}, Rejected.INVALID_HEADER),
        ({"team": ""}, Rejected.INVALID_HEADER),
        ({"team": "Red Team"}, Rejected.INVALID_HEADER),
        ({"team": "red\n"}, Rejected.INVALID_HEADER),
        ({"application": "https://example.org"}, Rejected.INVALID_HEADER),
        ({"application": "a" * 65}, Rejected.INVALID_HEADER),
        ({"sequence": -1}, Rejected.INVALID_HEADER),
        ({"surface": 4}, Rejected.INVALID_HEADER),
        ({"surface": -1}, Rejected.INVALID_HEADER),
        ({"origin": 3}, Rejected.INVALID_HEADER),
        ({"screen_width_px": 0}, Rejected.INVALID_HEADER),
        ({"screen_height_px": 65_536}, Rejected.INVALID_HEADER),
        ({"base_time_ms": MAX_TIME_MS + 1}, Rejected.INVALID_HEADER),
        ({"base_time_ms": 2**63 - 1}, Rejected.INVALID_HEADER),
        ({"base_time_ms": -1}, Rejected.NEGATIVE_TIME),
        ({"action": b""}, Rejected.UNEQUAL_COLUMNS),
        ({"detail": b"\0"}, Rejected.UNEQUAL_COLUMNS),
        ({"steps": b""}, Rejected.UNEQUAL_COLUMNS),
        ({"steps": b"\0" * 7}, Rejected.UNEQUAL_COLUMNS),
        ({"steps": b"\0" * 12}, Rejected.UNEQUAL_COLUMNS),
        ({"x_px": b"what hides beside steps"}, Rejected.UNEQUAL_COLUMNS),
        ({"x_px": b"\0" * 4, "y_px": b"\0" * 4}, Rejected.UNEQUAL_COLUMNS),
        (PLACES | {"x_px": b"\0" * 3}, Rejected.UNEQUAL_COLUMNS),
        (PLACES | {"y_px": b""}, Rejected.UNEQUAL_COLUMNS),
        (PLACES | {"role": b""}, Rejected.UNEQUAL_COLUMNS),
        (dict.fromkeys(ROWS, b""), Rejected.EMPTY_BATCH),
        (
            {name: b"\0" * size * (MAX_BATCH_EVENTS + 1) for name, size in ROWS.items()},
            Rejected.TOO_MANY_EVENTS,
        ),
    ],
)
def test_a_batch_is_refused_whole_for_its_reason(change: Change, reason: Rejected) -> None:
    record = {**record_of(sound_batch()), **change}
    with pytest.raises(Reject) as refusal:
        from_record(record)
    assert refusal.value.reason is reason
    assert reason in WHOLE_MESSAGE


@pytest.mark.parametrize(
    "change",
    [
        {"sealed_subject": b"x" * 256},
        {"subject": "x" * 128, "sealed_subject": b""},  # as before version 2
        {"subject": "ø" * 64, "sealed_subject": b""},
        {"team": "a" * 64},
        {"sequence": 2**31 - 1},
        {"screen_width_px": 65_535},
        {"base_time_ms": 0},
        {"base_time_ms": MAX_TIME_MS},
        {name: b"\0" * size * MAX_BATCH_EVENTS for name, size in ROWS.items()},
        PLACES,  # as before version 3
    ],
)
def test_the_limits_themselves_are_within(change: Change) -> None:
    assert len(from_record({**record_of(sound_batch()), **change})) >= 1


@given(batch=batches())
def test_times_are_the_base_and_all_deltas_up_to_an_event(batch: Any) -> None:
    time_ms, expected = batch.header.base_time_ms, []
    for delta_ms in batch.columns["time_delta_ms"].tolist():
        time_ms += delta_ms
        expected.append(time_ms)
    assert batch.times_ms().tolist() == expected


@given(batch=batches())
def test_a_value_that_does_not_fit_its_column_is_an_overflow(batch: Any) -> None:
    batch.columns["x_px"] = np.full(len(batch), 65_536)
    with pytest.raises(OverflowError):
        record_of(batch)


@given(batch=batches())
def test_a_batch_is_the_same_in_every_version_it_was_written_in(batch: Any) -> None:
    for message in (encoded(batch), written_in(1, batch), written_in(2, batch)):
        again = from_record(Codec().decode(SCHEMA, message))
        assert again.columns.keys() == batch.columns.keys()
        for name, column in again.columns.items():
            assert column.dtype == batch.columns[name].dtype
            assert column.tolist() == batch.columns[name].tolist()


def test_places_are_written_as_steps_and_nothing_in_their_stead() -> None:
    record = record_of(sound_batch((0, 0, 700, 4, 0, 0), (9, 1, 699, 4, 0, 1)))
    assert (record["x_px"], record["y_px"]) == (b"", b"")
    x_low, x_high, y_low, y_high = b"\x78\x01", b"\x05\x00", b"\x08\x00", b"\x00\x00"
    assert record["steps"] == x_low + x_high + y_low + y_high


def test_a_readable_subject_is_never_written() -> None:
    with pytest.raises(ValueError, match="sealed before it is written"):
        to_record(sound_batch())
    with pytest.raises(ValueError, match="sealed before it is written"):
        to_record(sound_batch(subject=""))


@given(batch=batches())
def test_nothing_of_the_person_shows_in_a_repr(batch: Any) -> None:
    text = repr(batch) + repr(batch.header)
    header = batch.header
    for secret in (*SUBJECTS, *TEAMS, header.application, repr(header.batch_id), "session"):
        assert secret not in text
    assert str(header.base_time_ms) not in text


def test_half_a_character_is_no_subject() -> None:
    assert not is_subject("\udc80")
    assert is_subject("\U0001f600")


@pytest.mark.parametrize("text", ["a", "0", "a.b_c-d", "a" * 64])
def test_an_identifier_is_a_short_plain_name(text: str) -> None:
    assert is_identifier(text)


@pytest.mark.parametrize("text", ["", "-a", ".a", "A", "a b", "a/b", "å", "a" * 65, "a\n"])
def test_anything_else_is_no_identifier(text: str) -> None:
    assert not is_identifier(text)
