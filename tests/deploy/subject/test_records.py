"""Records go to a file as JSON that any reader takes, however many there are."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.subject.export.json_file import json_object
from deploy.subject.export.records import GLIMPSE, Glimpse, block_of, moment

_VALUES = st.none() | st.booleans() | st.integers(0, 2**53) | st.text()
_RECORDS = st.lists(st.dictionaries(st.text(), _VALUES, max_size=3), max_size=9)


@given(blocks=st.lists(_RECORDS, max_size=5), value=_VALUES)
def test_what_is_written_is_what_is_read(blocks: list[list[dict[str, Any]]], value: object) -> None:
    file = io.BytesIO()
    with json_object(file) as out:
        out.put("value", value)
        out.put_records("records", (block_of(block) for block in blocks))
        with out.objects("lists") as begin:
            for block in blocks:
                with begin() as entry:
                    entry.put_records("inner", [block_of(block)])
                    entry.put("count", len(block))
    assert json.loads(file.getvalue()) == {
        "value": value,
        "records": [record for block in blocks for record in block],
        "lists": [{"inner": block, "count": len(block)} for block in blocks],
    }


@given(sizes=st.lists(st.integers(0, 12), max_size=5))
def test_a_glimpse_is_the_beginning_and_the_end_and_shows_none_twice(sizes: list[int]) -> None:
    numbers = iter(range(100))
    blocks = [[{"n": next(numbers)} for _ in range(size)] for size in sizes]
    every = [record for block in blocks for record in block]
    glimpse = Glimpse()
    passed = list(glimpse.of(block_of(block) for block in blocks))
    assert [len(block) for block in passed] == sizes
    assert glimpse.count == len(every)
    assert glimpse.first == every[:GLIMPSE]
    assert glimpse.last == every[GLIMPSE:][-GLIMPSE:]


@pytest.mark.parametrize(
    ("at_ms", "said"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_176_000_009, "2026-11-20T12:00:00.009Z"),
        (-1, "-1"),
        (2**63 - 1, str(2**63 - 1)),
    ],
)
def test_a_time_is_said_as_a_date_where_there_is_one(at_ms: int, said: str) -> None:
    assert moment(at_ms) == said
