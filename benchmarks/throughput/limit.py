"""What ClickHouse takes at most: the same rows, in memory already, with nothing else running.

    python -m benchmarks.throughput.limit PREPARED DATA_DIR

The same tables, blocks and settings of the insert as in a run. Rows are kept in memory until all
are made, up to ``MOST_EVENTS``; of a larger workload it is the first so many.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.processes import cpu_s
from benchmarks.throughput.child import run_app, tell
from benchmarks.throughput.in_memory import InMemory
from benchmarks.throughput.prepared import Prepared, read_prepared
from benchmarks.throughput.standing import settings_of
from deploy.policy.rehearsal import rehearse, rehearsed_settings
from events.policy import BUNDLED_POLICY
from events.settings import Settings
from sinks.block import Block
from sinks.insert import Inserter
from sinks.native import NativeInserts
from sinks.prepare import prepare
from sinks.tables import interactions
from sinks.warehouse import open_warehouse

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: Some 60 B a row in memory.
MOST_EVENTS = 25_000_000
app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Limit:
    """``seconds`` and ``cpu_s`` of the inserts alone. ``worker_cpu_s``, ``arrow_cpu_s``: of the
    steps that a worker and a loader do to make these rows, on one core, with nothing between."""

    events: int
    seconds: float
    cpu_s: float
    worker_cpu_s: float
    arrow_cpu_s: float

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds

    @staticmethod
    def from_json(read: dict[str, Any]) -> Limit:
        return Limit(**read)


def limit_of(prepared: Prepared, data_dir: Path, settings: Settings) -> Limit:
    """Make the rows, then insert them all. ``RuntimeError`` where not all are there."""
    rows = InMemory(prepared, settings)
    blocks: list[Block] = []
    events = 0
    for block in rows.blocks():
        blocks.append(block)
        events += block.tables[interactions.TABLE].num_rows
        if events >= MOST_EVENTS:
            break
    signed = data_dir / "simulated-signatures"
    own = rehearsed_settings(settings.model_copy(update={"data_dir": data_dir}), signed)
    with open_warehouse(own) as warehouse:
        rehearse(own, signed, BUNDLED_POLICY)
        prepare(warehouse.client, own)
        seconds, used_s = _insert(warehouse.client, blocks)
        _check(warehouse.client, events)
    return Limit(events, seconds, used_s, rows.worker_s, rows.arrow_s)


def _insert(client: Client, blocks: Sequence[Block]) -> tuple[float, float]:
    began_s, used_s = time.monotonic(), cpu_s(os.getpid())
    inserter = Inserter(NativeInserts(client), give_up_s=0)
    for block in blocks:
        inserter.insert(block)
    return time.monotonic() - began_s, cpu_s(os.getpid()) - used_s


def _check(client: Client, events: int) -> None:
    ((found,),) = client.query(f"SELECT count() FROM {interactions.TABLE}").result_rows
    if int(found) != events:
        raise RuntimeError(f"{events:,} rows were inserted and {int(found):,} are there")


@app.command()
def main(
    prepared: Annotated[Path, typer.Argument(help="What `prepare` has written.")],
    data_dir: Annotated[Path, typer.Argument(help="A new folder, for the tables.")],
    *,
    setting: Annotated[list[str] | None, typer.Option(help="name=value, of the product.")] = None,
) -> None:
    """Measure it once."""
    data_dir.mkdir(parents=True, mode=0o700)
    settings = Settings(**settings_of(setting or ()))
    limit = limit_of(read_prepared(prepared), data_dir, settings)
    tell(asdict(limit))


if __name__ == "__main__":
    run_app(app)
