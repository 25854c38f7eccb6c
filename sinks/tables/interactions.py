"""``training.interactions``: one row an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from events.columns import Column, unpack
from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import newest
from events.vocabulary import Action, Origin, Role, Surface
from sinks.tables.checked import codes, in_time, moments, picked

TABLE = "training.interactions"
_LAYOUT = newest("training_rows").packed


def interactions(record: Mapping[str, Any]) -> pa.Table:
    """The rows of one TrainingRows record, in its order. Raises ``Reject``."""
    columns = unpack(record, _LAYOUT)
    rows = columns["event_count"].astype(np.int64)
    if int(rows.sum()) != len(columns["action"]):
        raise Reject(Rejected.UNEQUAL_COLUMNS)

    def each(batch_column: str) -> NDArray[Any]:
        return np.repeat(columns[batch_column], rows)

    return pa.table(
        {
            "pseudonym": each("pseudonym"),
            "session": each("session"),
            "sequence": each("sequence"),
            "index": columns["index"],
            "batch": each("batch"),
            "epoch": each("epoch"),
            "time": moments(_times_ms(columns, rows)),
            "action": codes(columns["action"], Action, Rejected.UNKNOWN_ACTION),
            "x_px": columns["x_px"],
            "y_px": columns["y_px"],
            "detail": columns["detail"],
            "role": codes(columns["role"], Role, Rejected.UNKNOWN_ROLE),
            "application": picked(each("application"), record["applications"]),
            "surface": codes(each("surface"), Surface, Rejected.INVALID_HEADER),
            "origin": codes(each("origin"), Origin, Rejected.INVALID_HEADER),
            "screen_width_px": each("screen_width_px"),
            "screen_height_px": each("screen_height_px"),
        }
    )


def _times_ms(columns: Mapping[str, Column], rows: NDArray[Any]) -> NDArray[Any]:
    """Event times, int64 ms UTC: the batch's base plus the sum of the deltas so far in it.

    One running sum goes over all batches at once; what it had reached before a batch is taken off.
    """
    running = np.concatenate(([0], np.cumsum(columns["time_delta_ms"], dtype=np.int64)))
    before = running[np.cumsum(rows) - rows]
    base = in_time(columns["base_time_ms"])
    return np.asarray(np.repeat(base - before, rows) + running[1:])
