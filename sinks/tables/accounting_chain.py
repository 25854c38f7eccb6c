"""``governance.accounting_chain``: what one message of the accounting topic said, as a link whose
place in its chain is not known yet (``sinks.chain``)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from events.columns import unpack
from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import newest
from sinks.coordinates import Coordinates
from sinks.tables.accounting import first_days, origins
from sinks.tables.checked import everywhere, name, offsets, partition_numbers

TABLE = "governance.accounting_chain"
_LAYOUT = newest("accounting").packed


def accounting_chain(record: Mapping[str, Any], at: Coordinates) -> pa.Table:
    """One row: all columns but ``previous`` and ``hash``. ``at`` is where the message stands.
    Raises ``Reject`` where ``accounting`` does."""
    columns = unpack(record, _LAYOUT)
    source_offset, batch = columns["offset"], columns["batch"]
    first_days(columns["first_day"], len(source_offset))
    return pa.table(
        {
            "topic_id": everywhere(at.topic_id, 1),
            "partition": partition_numbers(at.partition, 1),
            "offset": pa.array(np.array([at.offset], np.uint64)),
            "source_topic": everywhere(record["topic"], 1),
            "source_topic_id": everywhere(record["topic_id"], 1),
            "source_partition": partition_numbers(record["partition"], 1),
            "purpose": everywhere(record["purpose"], 1),
            "policy_hash": everywhere(record["policy_hash"], 1),
            "source_offset": _one(offsets(source_offset)),
            "refused_whole": _one(pa.array(batch == 0)),
            "event_count": _one(pa.array(columns["event_count"])),
            "passed_count": _one(pa.array(columns["passed_count"])),
            "withheld": _by_reason(record["withheld"], len(source_offset)),
            "rejected": _by_reason(record["rejected"], len(source_offset)),
            "redriven_from": _one(pa.array(origins(record, source_offset))),
            "first_day": _one(pa.array(columns["first_day"])),
            "batch_digest": pa.array([digest_of(batch[batch != 0])]),
        }
    )


def digest_of(batches: NDArray[np.uint64]) -> str:
    """SHA-256 of the ids as eight little-endian bytes each, hex."""
    return hashlib.sha256(batches.astype("<u8", copy=False).tobytes()).hexdigest()


def _one(values: pa.Array) -> pa.Array:
    """The list ``values`` as the only row."""
    return pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)


def _by_reason(counts_of: Mapping[str, bytes], rows: int) -> pa.Array:
    """The map from reason to its numbers as the only row, in the order of reasons."""
    reasons = sorted(counts_of)
    if any(len(counts_of[name(reason)]) != 4 * rows for reason in reasons):
        raise Reject(Rejected.UNEQUAL_COLUMNS)
    joined = b"".join(counts_of[reason] for reason in reasons)
    ends = np.arange(len(reasons) + 1, dtype=np.int32) * rows
    numbers = pa.ListArray.from_arrays(pa.array(ends), pa.array(np.frombuffer(joined, "<u4")))
    return pa.MapArray.from_arrays(
        pa.array([0, len(reasons)], pa.int32()), pa.array(reasons, pa.string()), numbers
    )
