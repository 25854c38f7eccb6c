"""How long a batch takes, from when it was handed to the producer until its rows are readable.

What a live producer waits for a batch to fill is not in it: with five events a second and 256 a
batch that would be 51 s, and is chosen.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.throughput.prepared import Prepared
from events.batch import SCHEMA
from events.codec import Codec
from events.columns import Column
from events.purposes import Purpose
from sinks.tables import interactions
from streams.key_ring import KeyRing
from streams.pseudonymise import keyed_id

_NS_PER_MS = 1_000_000
PERCENTS = (1, 5, 10, 25, 50, 75, 90, 95, 99, 100)


@dataclass(slots=True)
class WatchedClient:
    """A ClickHouse client that notes when which batches became readable."""

    client: Any
    seen: list[tuple[int, Column]] = field(default_factory=list)

    def insert_arrow(self, table: str, arrow_table: pa.Table, **more: Any) -> object:
        answer = self.client.insert_arrow(table, arrow_table, **more)
        if table == interactions.TABLE:
            rows = arrow_table["batch"].to_numpy()
            firsts = np.concatenate(([True], rows[1:] != rows[:-1]))
            self.seen.append((time.monotonic_ns(), rows[firsts]))
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


def waits_ms(prepared: Prepared, ring: KeyRing, seen: list[tuple[int, Column]]) -> Column:
    """Of each batch that has rows, in ms, float64; ``seen`` is what a ``WatchedClient`` noted. The
    first time counts, whoever sent it twice."""
    readable_ns: dict[int, int] = {}
    for at_ns, batches in seen:
        for batch in batches.tolist():
            readable_ns.setdefault(batch, at_ns)
    sent_ns = np.fromfile(prepared.folder / "sent.i64", dtype="<i8").tolist()
    waits = [
        (readable_ns[batch] - at_ns) / _NS_PER_MS
        for batch, at_ns in zip(_ids(prepared, ring), sent_ns, strict=True)
        if batch in readable_ns
    ]
    return np.array(waits, dtype=np.float64)


def percentiles(waits: Column) -> Mapping[str, float]:
    """The wait in ms that so many percent of the batches stayed below: ``p50``, ``p99``, ..."""
    values = np.percentile(waits, PERCENTS).tolist()
    return {f"p{percent}": value for percent, value in zip(PERCENTS, values, strict=True)}


def _ids(prepared: Prepared, ring: KeyRing) -> Iterator[int]:
    """What the rows of training call each batch, in the order of the messages."""
    codec = Codec()
    for _, value, _ in prepared.messages():
        record = codec.decode(SCHEMA, value)
        key = ring.at(record["base_time_ms"]).keys[Purpose.AGENT_TRAINING]
        yield keyed_id(key, "batch", record["batch_id"])
