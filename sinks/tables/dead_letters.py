"""``governance.dead_letters``: coordinates and reason of a message that was refused whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from events.columns import unpack
from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import newest
from sinks.coordinates import Coordinates
from sinks.tables.checked import everywhere, moments, names, offsets, partition_numbers

TABLE = "governance.dead_letters"
_LAYOUT = newest("dead_letters").packed


def dead_letters(record: Mapping[str, Any]) -> pa.Table:
    """One row a refused message. Raises ``Reject``."""
    columns = unpack(record, _LAYOUT)
    rows = len(columns["offset"])
    if len(record["reason"]) != rows:
        raise Reject(Rejected.UNEQUAL_COLUMNS)
    return pa.table(
        {
            "topic": everywhere(record["topic"], rows),
            "topic_id": everywhere(record["topic_id"], rows),
            "partition": partition_numbers(record["partition"], rows),
            "offset": offsets(columns["offset"]),
            "reason": names(record["reason"]),
            # A message without a timestamp has -1.
            "message_time": moments(np.maximum(columns["message_time_ms"], 0)),
        }
    )


def refused(at: Coordinates, reason: Rejected) -> pa.Table:
    """The row for a message that the loader itself could not read."""
    return dead_letters(
        {
            "topic": at.topic.value,
            "topic_id": at.topic_id,
            "partition": at.partition,
            "reason": [reason.value],
            "offset": np.array([at.offset], "<i8").tobytes(),
            "message_time_ms": np.array([at.time_ms], "<i8").tobytes(),
        }
    )
