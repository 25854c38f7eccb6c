"""``governance.consent_log``: every word of every person about a purpose, under a pseudonym."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from events.columns import unpack
from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import newest
from sinks.tables.checked import everywhere, moments, names, offsets, partition_numbers

TABLE = "governance.consent_log"
_LAYOUT = newest("consent_log").packed
_NAMED = ("purpose", "action", "notice_version")


def consent_log(record: Mapping[str, Any]) -> pa.Table:
    """One row a consent record. Raises ``Reject``."""
    columns = unpack(record, _LAYOUT)
    rows = len(columns["offset"])
    if any(len(record[column]) != rows for column in _NAMED):
        raise Reject(Rejected.UNEQUAL_COLUMNS)
    return pa.table(
        {
            "topic_id": everywhere(record["topic_id"], rows),
            "partition": partition_numbers(record["partition"], rows),
            "offset": offsets(columns["offset"]),
            "pseudonym": columns["pseudonym"],
            **{column: names(record[column]) for column in _NAMED},
            "at": moments(columns["at_ms"]),
        }
    )
