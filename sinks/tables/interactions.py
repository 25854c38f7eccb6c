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
from sinks.tables.checked import UTC_MS, codes, in_time, picked

TABLE = "training.interactions"
_LAYOUT = newest("training_rows").packed


#: What all events of a batch have in common, and stands once a batch until a block is whole.
_OF_BATCH = (
    "pseudonym",
    "session",
    "sequence",
    "batch",
    "epoch",
    "application",
    "surface",
    "origin",
    "screen_width_px",
    "screen_height_px",
)
_WORD = "application"
#: What each event has of its own: a list in the row of its batch.
_OF_EVENT = ("index", "action", "x_px", "y_px", "detail", "role")
_COLUMNS = (
    *("pseudonym", "session", "sequence", "index", "batch", "epoch", "time", "action"),
    *("x_px", "y_px", "detail", "role", "application", "surface", "origin"),
    *("screen_width_px", "screen_height_px"),
)


def interactions(record: Mapping[str, Any]) -> pa.Table:
    """One TrainingRows record, checked, as one row a batch with its events in lists: a fourth of
    what its rows take. ``unfolded`` makes these of it. Raises ``Reject``."""
    columns = unpack(record, _LAYOUT)
    count = columns["event_count"].astype(np.int64)
    if int(count.sum()) != len(columns["action"]):
        raise Reject(Rejected.UNEQUAL_COLUMNS)
    _check_times(columns, count)
    plain = {
        **{name: pa.array(values) for name, values in columns.items()},
        "action": codes(columns["action"], Action, Rejected.UNKNOWN_ACTION),
        "role": codes(columns["role"], Role, Rejected.UNKNOWN_ROLE),
        "application": picked(columns["application"], record["applications"]),
        "surface": codes(columns["surface"], Surface, Rejected.INVALID_HEADER),
        "origin": codes(columns["origin"], Origin, Rejected.INVALID_HEADER),
    }
    ends = pa.array(np.concatenate(([0], np.cumsum(count))).astype(np.int32))
    lists = {
        name: pa.ListArray.from_arrays(ends, plain[name]) for name in (*_OF_EVENT, "time_delta_ms")
    }
    return pa.table({**{name: plain[name] for name in (*_OF_BATCH, "base_time_ms")}, **lists})


#: What a row takes in memory once it stands by itself.
ROW_BYTES = 58


def count_rows(folded: pa.Table) -> int:
    """How many rows ``unfolded`` will make."""
    return sum(len(chunk.values) for chunk in folded["action"].chunks)


def unfolded(folded: pa.Table) -> pa.Table:
    """One row an event, in the order of the table's sort key, as ClickHouse would have to put them
    otherwise; batches that came twice stay in the order in which they came."""
    whole = folded.combine_chunks()
    lists = {name: whole[name].chunk(0) for name in (*_OF_EVENT, "time_delta_ms")}
    batch = {name: whole[name].to_numpy() for name in (*_OF_BATCH, "base_time_ms") if name != _WORD}
    order = np.lexsort([batch[name] for name in ("batch", "sequence", "session", "pseudonym")])
    starts = lists["action"].offsets.to_numpy()
    count = np.diff(starts)[order]
    moved_by = starts[:-1][order] - (np.cumsum(count) - count)
    place = np.arange(len(lists["action"].values)) + np.repeat(moved_by, count)
    rows: dict[str, Any] = {name: each.values.to_numpy()[place] for name, each in lists.items()}
    rows |= {name: np.repeat(values[order], count) for name, values in batch.items()}
    word = whole[_WORD].chunk(0)
    index = np.repeat(word.indices.to_numpy()[order], count)
    rows[_WORD] = pa.DictionaryArray.from_arrays(pa.array(index), word.dictionary)
    times_ms = _times_ms(batch["base_time_ms"][order], rows["time_delta_ms"], count)
    rows["time"] = pa.array(times_ms).view(UTC_MS)
    return pa.table({name: rows[name] for name in _COLUMNS})


def _check_times(columns: Mapping[str, Column], count: NDArray[np.int64]) -> None:
    """``Reject`` where a batch begins or ends in no time; between these, times only grow."""
    base_ms = in_time(columns["base_time_ms"])
    running = np.concatenate(([0], np.cumsum(columns["time_delta_ms"], dtype=np.int64)))
    ends = np.cumsum(count)
    in_time(base_ms + running[ends] - running[ends - count])


def _times_ms(
    base_ms: NDArray[np.int64], deltas: NDArray[np.uint16], count: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Event times, int64 ms UTC: the batch's base plus the sum of the deltas so far in it.

    One running sum goes over all batches at once; what it had reached before a batch is taken off.
    """
    running = np.concatenate(([0], np.cumsum(deltas, dtype=np.int64)))
    before = running[np.cumsum(count) - count]
    return np.asarray(np.repeat(base_ms - before, count) + running[1:])
