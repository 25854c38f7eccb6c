"""Packed columns: NumPy in, bytes, NumPy out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.columns import pack, unpack
from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import PackedColumn

TYPES = ("<u1", "<u2", "<u4", "<u8", "<i2", "<i8")


def layout(*types: str) -> list[PackedColumn]:
    return [PackedColumn(f"c{at}", np.dtype(kind), "rows") for at, kind in enumerate(types)]


def limits(kind: str) -> tuple[int, int]:
    info = np.iinfo(np.dtype(kind))
    return int(info.min), int(info.max)


@given(
    data=st.data(),
    types=st.lists(st.sampled_from(TYPES), min_size=1, max_size=4),
    rows=st.integers(0, 20),
)
def test_what_is_packed_is_unpacked(data: st.DataObject, types: list[str], rows: int) -> None:
    columns = {
        f"c{at}": np.array(
            data.draw(st.lists(st.integers(*limits(kind)), min_size=rows, max_size=rows)),
            dtype=kind,
        )
        for at, kind in enumerate(types)
    }
    back = unpack(pack(columns, layout(*types)), layout(*types))
    for name, column in columns.items():
        assert back[name].tolist() == column.tolist()
        assert not back[name].flags.writeable


@given(kind=st.sampled_from(TYPES), value=st.integers(-(2**63), 2**64 - 1))
def test_a_value_that_does_not_fit_is_an_overflow_and_never_another_value(
    kind: str, value: int
) -> None:
    least, largest = limits(kind)
    columns = {"c0": np.array([value])}
    if least <= value <= largest:
        packed = pack(columns, layout(kind))["c0"]
        assert int(np.frombuffer(packed, dtype=kind)[0]) == value
    else:
        with pytest.raises(OverflowError, match="column c0"):
            pack(columns, layout(kind))


def test_big_endian_values_are_packed_little_endian() -> None:
    assert pack({"c0": np.array([1], dtype=">u2")}, layout("<u2")) == {"c0": b"\x01\x00"}


@pytest.mark.parametrize(
    "record", [{"c0": b"abc", "c1": b"ab"}, {"c0": b"abcd", "c1": b"a"}, {"c0": b"", "c1": b"a"}]
)
def test_columns_of_unequal_length_are_refused(record: dict[str, bytes]) -> None:
    with pytest.raises(Reject) as refusal:
        unpack(record, layout("<u2", "<u1"))
    assert refusal.value.reason is Rejected.UNEQUAL_COLUMNS


def test_columns_of_different_groups_may_differ_in_length() -> None:
    groups = [PackedColumn("a", np.dtype("u1"), "x"), PackedColumn("b", np.dtype("u1"), "y")]
    assert unpack({"a": b"12", "b": b"1"}, groups)["a"].tolist() == [49, 50]
