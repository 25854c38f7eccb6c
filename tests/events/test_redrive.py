"""The header of a copy: it counts only where it names an earlier message of its own partition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.redrive import HEADER, Headers, mark, redriven_from

TOPIC_ID = "AaH/8X9OdIGUItKM+FoLLQ"


@given(letter=st.integers(0, 2**63 - 2), later=st.integers(1, 100))
def test_what_is_marked_is_known_as_a_copy(letter: int, later: int) -> None:
    headers = [("other", b"x"), mark(TOPIC_ID, 3, letter)]
    assert redriven_from(headers, TOPIC_ID, 3, letter + later) == letter


@pytest.mark.parametrize(
    "headers",
    [
        None,
        [],
        [("other", b"1")],
        [(HEADER, None)],
        [(HEADER, b"")],
        [mark(TOPIC_ID, 3, 5), mark(TOPIC_ID, 3, 4)],
        [mark(TOPIC_ID, 3, 9)],
        [mark(TOPIC_ID, 3, 10)],
        [mark(TOPIC_ID, 2, 5)],
        [mark("another-topic", 3, 5)],
        [(HEADER, f"{TOPIC_ID}:3:-5".encode())],
        [(HEADER, f"{TOPIC_ID}:3: 5".encode())],
        [(HEADER, f"{TOPIC_ID}:3:\u0665".encode())],
        [(HEADER, f"{TOPIC_ID}:3:{'0' * 100}5".encode())],
        [(HEADER, b"\xff" * 100_000)],
    ],
)
def test_what_no_redrive_has_written_marks_nothing(headers: Headers | None) -> None:
    assert redriven_from(headers, TOPIC_ID, 3, 9) is None


@given(st.binary(max_size=60))
def test_any_bytes_in_the_header_are_harmless(value: bytes) -> None:
    found = redriven_from([(HEADER, value)], TOPIC_ID, 0, 7)
    assert found is None or found < 7
