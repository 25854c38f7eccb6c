"""One run of the product from end to end, in a process of its own; prints the outcome as JSON.

    python -m benchmarks.throughput.once PREPARED DATA_DIR [--workers 2] [--events-per-s 100000]

Everything that the product does is on: signed policy (by keys that the run makes itself), consent
chains, ledger, sealed names, a secret for each person, accounting with its chain. The loader and
the embedded ClickHouse are in this process, the broker, the workers and the producer are others.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.throughput.checks import checks, refuse, wanted_rows
from benchmarks.throughput.child import Unclear, run_app, tell
from benchmarks.throughput.disk import merge, parts_of
from benchmarks.throughput.feeding import Sent, feeding
from benchmarks.throughput.freshness import Seen, percentiles, waits_ms, watching
from benchmarks.throughput.outcome import PRODUCER, Outcome, Used
from benchmarks.throughput.prepared import Prepared, read_prepared
from benchmarks.throughput.profile import profiled
from benchmarks.throughput.questions import answers_ms
from benchmarks.throughput.standing import How, ready_stack, settings_of, wait_for_rows
from benchmarks.throughput.use import LOADER, Use, merge_cpu_s, pids_of
from deploy.stack import Stack
from sinks.tables import interactions, window_partials
from streams.keys import load_keys

_NS_PER_S = 1_000_000_000
#: So much of its rate a producer has to hold.
_HELD = 0.97
_TABLES = (interactions.TABLE, window_partials.TABLE)
app = typer.Typer(add_completion=False)


def run_once(prepared: Prepared, data_dir: Path, how: How) -> Outcome:
    """Carry the workload from end to end, in a new ``data_dir``. Raises ``RuntimeError`` where
    anything is not as it must be."""
    wanted = wanted_rows(prepared.expected)

    def is_there(rows: Mapping[str, int]) -> bool:
        return all(rows.get(table, 0) >= count for table, count in wanted.items())

    with watching() as seen, ready_stack(prepared, data_dir, how) as stack:
        client = stack.warehouse.client
        with (
            feeding(prepared.folder, stack.settings, how.events_per_s) as feed,
            profiled(_python(stack), how.profile),
        ):
            before = Use.now(stack)
            feed.go()
            wait_for_rows(stack, is_there)
            ended_ns = time.monotonic_ns()
            ended = Use.now(stack)
            left = parts_of(client, _TABLES)
            sent = feed.sent()
        stack.settle(sent.ends)
        _refuse_repeats(stack, wanted)
        _refuse_slow_feed(sent, prepared.expected.events, how.events_per_s)
        count = refuse(checks(client, prepared, stack.settings))
        answers = answers_ms(client) if how.asks else {}  # of parts as they come, not of one
        asked = Use.now(stack)
        disk = merge(client, left)
        later_s = merge_cpu_s(ended, asked, Use.now(stack))
        use = ended.since(before)
        return Outcome(
            title=prepared.title,
            events=prepared.expected.events,
            messages=prepared.expected.messages,
            workers=how.workers,
            seconds=(ended_ns - sent.began_ns) / _NS_PER_S,
            produced_s=(sent.ended_ns - sent.began_ns) / _NS_PER_S,
            used={**use.processes, PRODUCER: Used(sent.cpu_s, 0)},
            threads=use.threads,
            wire_bytes=sent.wire_bytes,
            disk=disk,
            merge_cpu_s=later_s,
            checks=count,
            freshness_ms=_freshness(prepared, seen) if how.events_per_s else {},
            answers_ms=answers,
        )


def _refuse_repeats(stack: Stack, wanted: Mapping[str, int]) -> None:
    """After a rebalance, or a commit that came too late, rows may come again: they collapse, but
    then as many as were wanted had come before the last one did."""
    loaded = stack.loaded.rows
    again = {table: loaded[table] - count for table, count in wanted.items()}
    if any(again.values()):
        told = ", ".join(f"{count:,} of {table}" for table, count in again.items())
        raise Unclear(f"rows came again ({told}), so it is not known when the last one came")


def _refuse_slow_feed(sent: Sent, events: int, events_per_s: float | None) -> None:
    """A rate that was not held is another rate."""
    if events_per_s is None:
        return
    held = events / ((sent.ended_ns - sent.began_ns) / _NS_PER_S)
    if held < _HELD * events_per_s:
        raise Unclear(f"the producer was to send {events_per_s:,.0f} events/s and sent {held:,.0f}")


def _python(stack: Stack) -> dict[str, int]:
    """What py-spy can watch: the first worker, and the loader."""
    return {name: pid for name, pid in pids_of(stack).items() if name in ("worker 1", LOADER)}


def _freshness(prepared: Prepared, seen: Seen) -> Mapping[str, float]:
    return percentiles(waits_ms(prepared, load_keys(prepared.keys), seen))


@app.command()
def main(
    prepared: Annotated[Path, typer.Argument(help="What `prepare` has written.")],
    data_dir: Annotated[Path, typer.Argument(help="A new folder, for the tables.")],
    *,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    events_per_s: Annotated[float | None, typer.Option(help="A steady rate.")] = None,
    setting: Annotated[list[str] | None, typer.Option(help="name=value, of the product.")] = None,
    ask: Annotated[bool, typer.Option(help="Time what readers ask as well.")] = False,
    profile: Annotated[Path | None, typer.Option(help="Folder for what py-spy sees.")] = None,
) -> None:
    """Run it once."""
    how = How(workers, events_per_s, settings_of(setting or ()), ask, profile)
    tell(run_once(read_prepared(prepared), data_dir, how).to_json())


if __name__ == "__main__":
    run_app(app)
