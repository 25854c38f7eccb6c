"""``governance.accounting``: what became of one source message for one purpose; and
``analytics.watermarks``: how far event time had come in its partition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from events.columns import unpack
from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import newest
from sinks.tables.checked import everywhere, moments, name, offsets, partition_numbers

TABLE = "governance.accounting"
WATERMARKS = "analytics.watermarks"
_LAYOUT = newest("accounting").packed
NO_COPY = -1


def accounting(record: Mapping[str, Any]) -> pa.Table:
    """One row a source message. Raises ``Reject``."""
    columns = unpack(record, _LAYOUT)
    rows = len(columns["offset"])
    return pa.table(
        {
            "topic": everywhere(record["topic"], rows),
            "topic_id": everywhere(record["topic_id"], rows),
            "partition": partition_numbers(record["partition"], rows),
            "offset": offsets(columns["offset"]),
            "purpose": everywhere(record["purpose"], rows),
            "batch": columns["batch"],
            "policy_hash": everywhere(record["policy_hash"], rows),
            "event_count": columns["event_count"],
            "passed_count": columns["passed_count"],
            "withheld": reason_maps(record["withheld"], rows),
            "rejected": reason_maps(record["rejected"], rows),
            "redriven_from": origins(record, columns["offset"]),
            "first_day": first_days(columns["first_day"], rows),
        }
    )


def first_days(days: NDArray[np.uint16], rows: int) -> NDArray[np.uint16]:
    """The first day of each message; zeros from a writer that knew none. Raises ``Reject``."""
    if len(days) not in (0, rows):
        raise Reject(Rejected.UNEQUAL_COLUMNS)
    return days if len(days) else np.zeros(rows, np.uint16)


def origins(record: Mapping[str, Any], offset: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each message the offset of the dead letter it is a copy of; -1 where it is none."""
    copies, letters = record["redriven_offset"], record["redriven_from"]
    if len(copies) != len(letters):
        raise Reject(Rejected.UNEQUAL_COLUMNS)
    found = np.full(len(offset), NO_COPY, np.int64)
    if not copies:
        return found
    origin = np.array(letters, np.int64)
    order = np.argsort(offset, kind="stable")
    place = np.searchsorted(offset, np.array(copies, np.int64), sorter=order)
    here = order[np.minimum(place, len(offset) - 1)] if len(offset) else place
    if not len(offset) or origin.min() < 0 or not np.array_equal(offset[here], copies):
        raise Reject(Rejected.INVALID_HEADER)
    found[here] = origin
    return found


def watermarks(record: Mapping[str, Any], message_time_ms: int) -> pa.Table:
    """One row, or none while the partition had no event. ``message_time_ms`` is Kafka's timestamp
    of the message: it tells which of two topics of one name is the one in use."""
    rows = 1 if record["watermark_ms"] >= 0 else 0
    return pa.table(
        {
            "topic_id": everywhere(record["topic_id"], rows),
            "partition": partition_numbers(record["partition"], rows),
            "watermark": moments(np.full(rows, record["watermark_ms"], np.int64)),
            "told_at": moments(np.full(rows, max(0, message_time_ms), np.int64)),
        }
    )


def reason_maps(counts_of: Mapping[str, bytes], rows: int) -> pa.Array:
    """One map a row, from reason to count; a count of zero is left out."""
    reasons = sorted(counts_of)
    counts = np.zeros((rows, len(reasons)), np.uint32)
    for column, reason in enumerate(reasons):
        name(reason)
        if len(counts_of[reason]) != 4 * rows:
            raise Reject(Rejected.UNEQUAL_COLUMNS)
        counts[:, column] = np.frombuffer(counts_of[reason], "<u4")
    row_of, reason_of = np.nonzero(counts)
    ends = np.cumsum(np.bincount(row_of, minlength=rows))
    return pa.MapArray.from_arrays(
        pa.array(np.concatenate(([0], ends)).astype(np.int32)),
        pa.array(reasons, pa.string()).take(pa.array(reason_of)),
        pa.array(counts[row_of, reason_of]),
    )
