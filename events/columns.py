"""Packed columns: NumPy arrays in Avro ``bytes`` fields, and back without a copy.

A *group* is a set of columns of one record with one value per row, so all of one length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import PackedColumn

Column = NDArray[Any]


def pack(columns: Mapping[str, Column], layout: Sequence[PackedColumn]) -> dict[str, bytes]:
    """Bytes for every column of ``layout``. OverflowError where a value does not fit its type."""
    return {name: values.tobytes() for name, values in fitted(columns, layout).items()}


def fitted(columns: Mapping[str, Column], layout: Sequence[PackedColumn]) -> dict[str, Column]:
    """Every column of ``layout`` in its type. OverflowError where a value does not fit it."""
    narrow = {}
    for column in layout:
        values = np.asarray(columns[column.name])
        narrow[column.name] = values.astype(column.dtype, copy=False)
        if narrow[column.name].dtype != values.dtype and not np.array_equal(
            narrow[column.name], values
        ):
            raise OverflowError(f"column {column.name} has values that are not {column.dtype}")
    return narrow


def unpack(record: Mapping[str, Any], layout: Sequence[PackedColumn]) -> dict[str, Column]:
    """Read-only arrays over the record's bytes.

    Raises ``Reject(UNEQUAL_COLUMNS)`` where a column ends inside a value or the columns of a group
    differ in length.
    """
    count_rows(record, layout)
    return {
        column.name: np.frombuffer(record[column.name], dtype=column.dtype) for column in layout
    }


def count_rows(record: Mapping[str, Any], layout: Sequence[PackedColumn]) -> dict[str, int]:
    """Rows by group. Raises as ``unpack``."""
    rows: dict[str, int] = {}
    for column in layout:
        count, rest = divmod(len(record[column.name]), column.dtype.itemsize)
        if rest or rows.setdefault(column.group, count) != count:
            raise Reject(Rejected.UNEQUAL_COLUMNS)
    return rows
