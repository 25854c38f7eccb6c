"""How long each batch took until it was readable, from what was noted on both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.throughput.freshness import PERCENTS, percentiles, waits_ms, watching
from benchmarks.throughput.prepared import Prepared, prepare
from events.batch import SCHEMA
from events.codec import Codec
from events.purposes import Purpose
from sinks import loader
from sinks.block import Block
from sinks.insert import Inserter
from sinks.tables import interactions
from streams.keys import load_keys
from streams.pseudonymise import keyed_id
from tests.benchmarks.throughput_made import small_workload

MS = 1_000_000


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("freshness")
    return prepare(small_workload(folder / "made", events=500), folder / "prepared")


def ids_of(prepared: Prepared) -> list[int]:
    ring = load_keys(prepared.keys)
    found = []
    for _, value, _ in prepared.messages():
        record = Codec().decode(SCHEMA, value)
        key = ring.at(record["base_time_ms"]).keys[Purpose.AGENT_TRAINING]
        found.append(keyed_id(key, "batch", record["batch_id"]))
    return found


def test_a_wait_is_from_its_own_message_to_the_first_time_its_rows_were_there(
    prepared: Prepared,
) -> None:
    ids = np.array(ids_of(prepared), dtype=np.uint64)
    count = len(ids)
    due_ns = np.arange(count, dtype="<i8") * 10 * MS
    due_ns.tofile(prepared.folder / "due.i64")
    seen = [
        (5_000 * MS, ids[::-1][: count // 2]),
        (9_000 * MS, ids),  # those of before came again
    ]
    waits = waits_ms(prepared, load_keys(prepared.keys), seen)
    later = count - count // 2
    assert waits[:later].tolist() == [9_000 - 10 * n for n in range(later)]
    assert waits[later:].tolist() == [5_000 - 10 * n for n in range(later, count)]


def test_percentiles_are_named_for_what_they_are() -> None:
    found = percentiles(np.arange(101, dtype=np.float64))
    assert found == {f"p{percent}": float(percent) for percent in PERCENTS}


def test_a_loader_that_is_made_meanwhile_is_watched_and_no_other() -> None:
    class Client:
        def insert_arrow(self, table: str, arrow_table: pa.Table, *, settings: object) -> None:
            inserted.append(table)

    inserted: list[str] = []
    batches = pa.table({"batch": pa.array([7, 7, 8, 8, 7], pa.uint64())})
    block = Block({interactions.TABLE: batches, "analytics.window_partials": batches}, {}, 1)
    place: Any = loader
    with watching() as seen:
        place.Inserter(Client(), 0).insert(block)
    assert place.Inserter is Inserter
    place.Inserter(Client(), 0).insert(block)
    assert len(inserted) == 4
    assert [rows.tolist() for _, rows in seen] == [[7, 8, 7]]
