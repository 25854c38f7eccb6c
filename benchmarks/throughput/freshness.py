"""How long a batch takes, from when it was due to be sent until its rows are readable.

What a live producer waits for a batch to fill is not in it: with five events a second and 256 a
batch that would be 51 s, and is chosen.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.throughput.prepared import Prepared
from events.batch import SCHEMA
from events.codec import Codec
from events.columns import Column
from events.purposes import Purpose
from sinks import loader
from sinks.block import Block
from sinks.insert import Inserter
from sinks.tables import interactions
from streams.key_ring import KeyRing
from streams.pseudonymise import keyed_id

_NS_PER_MS = 1_000_000
PERCENTS = (1, 5, 10, 25, 50, 75, 90, 95, 99, 100)


#: When which batches of training became readable, in ns of the monotonic clock.
Seen = list[tuple[int, Column]]


@contextmanager
def watching() -> Iterator[Seen]:
    """What loaders that are made meanwhile bring, noted as soon as it is readable."""
    seen: Seen = []

    class Watched(Inserter):
        __slots__ = ()

        def insert(self, block: Block) -> None:
            super().insert(block)
            if interactions.TABLE in block.tables:
                rows = block.tables[interactions.TABLE]["batch"].to_numpy()
                firsts = np.concatenate(([True], rows[1:] != rows[:-1]))
                seen.append((time.monotonic_ns(), rows[firsts]))

    place: Any = loader  # where a loader finds what it inserts with
    place.Inserter = Watched
    try:
        yield seen
    finally:
        place.Inserter = Inserter


def waits_ms(prepared: Prepared, ring: KeyRing, seen: Seen) -> Column:
    """Of each batch that has rows, in ms, float64; ``seen`` is what ``watching`` noted. The
    first time counts, whoever sent it twice."""
    readable_ns: dict[int, int] = {}
    for at_ns, batches in seen:
        for batch in batches.tolist():
            readable_ns.setdefault(batch, at_ns)
    due_ns = np.fromfile(prepared.folder / "due.i64", dtype="<i8").tolist()
    waits = [
        (readable_ns[batch] - at_ns) / _NS_PER_MS
        for batch, at_ns in zip(_ids(prepared, ring), due_ns, strict=True)
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
