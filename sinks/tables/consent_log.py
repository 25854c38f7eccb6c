"""``governance.consent_log``: every word of every person about a purpose, under a pseudonym, with
the hashes that chain these words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from events.columns import unpack
from events.consent_record import UNCHAINED
from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import newest
from sinks.tables.checked import everywhere, moments, names, offsets, partition_numbers

TABLE = "governance.consent_log"
_LAYOUT = newest("consent_log").packed
_NAMED = ("purpose", "action", "notice_version")
_HASHES = ("who", "previous", "hash")
#: What the first version of the log did not have.
_CHAINED = ("notice_sha256", "lawful_basis", "actor_role", "actor_id", "jurisdiction", *_HASHES)


def consent_log(record: Mapping[str, Any]) -> pa.Table:
    """One row a consent record. Raises ``Reject``."""
    columns = unpack(record, _LAYOUT)
    rows = len(columns["offset"])
    earlier = not any(record[column] for column in ("number", *_CHAINED))
    told = {column: record[column] for column in _NAMED}
    for column in _CHAINED:
        told[column] = [""] * rows if earlier else record[column]
    number = [UNCHAINED] * rows if earlier else record["number"]
    if any(len(values) != rows for values in (number, *told.values())):
        raise Reject(Rejected.UNEQUAL_COLUMNS)
    return pa.table(
        {
            "topic_id": everywhere(record["topic_id"], rows),
            "partition": partition_numbers(record["partition"], rows),
            "offset": offsets(columns["offset"]),
            "pseudonym": columns["pseudonym"],
            **{column: _words(column, values) for column, values in told.items()},
            "at": moments(columns["at_ms"]),
            "number": pa.array(np.array(number, np.int64)),
        }
    )


def _words(column: str, values: Sequence[str]) -> pa.Array:
    found = names(values)
    return found.cast(pa.string()) if column in _HASHES else found  # no two hashes are equal
