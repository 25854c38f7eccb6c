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


def refused(
    topic: str, topic_id: str, partition: int, offset: int, reason: Rejected, message_time_ms: int
) -> pa.Table:
    """The row for a message that the loader itself could not read."""
    return dead_letters(
        {
            "topic": topic,
            "topic_id": topic_id,
            "partition": partition,
            "reason": [reason.value],
            "offset": np.array([offset], "<i8").tobytes(),
            "message_time_ms": np.array([message_time_ms], "<i8").tobytes(),
        }
    )
