"""One run of the product from end to end, in a process of its own; prints the outcome as JSON.

    python -m benchmarks.throughput.once PREPARED DATA_DIR [--workers 2] [--events-per-s 100000]

Everything that the product does is on: signed policy (by keys that the run makes itself), consent
chains, ledger, sealed names, a secret for each person, accounting with its chain. The loader and
the embedded ClickHouse are in this process, the broker, the workers and the producer are others.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from benchmarks.processes import cpu_by_thread_s, cpu_s, peak_bytes
from benchmarks.throughput.checks import checks, refuse, wanted_rows
from benchmarks.throughput.child import run_app, tell
from benchmarks.throughput.disk import disk_of
from benchmarks.throughput.feeding import Feeding, feeding
from benchmarks.throughput.freshness import WatchedClient, percentiles, waits_ms
from benchmarks.throughput.outcome import PRODUCER, Outcome, Used
from benchmarks.throughput.prepared import Prepared, read_prepared
from deploy.stack import Stack, running_stack
from events.clock import SystemClock
from events.options import err
from events.purposes import PURPOSES
from events.settings import Settings
from producers.consents import enrolment
from producers.publisher import Publisher
from sinks.tables import interactions, window_partials
from streams.keys import load_keys

_LOADER = "loader"
_POLL_S = 0.005
_STILL_S = 120.0
_NS_PER_S = 1_000_000_000
app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class How:
    """``events_per_s`` None: as fast as it goes. ``settings`` are of the product."""

    workers: int
    events_per_s: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def run_once(prepared: Prepared, data_dir: Path, how: How) -> Outcome:
    """Carry the workload from end to end, in a new ``data_dir``. Raises ``RuntimeError`` where
    anything is not as it must be."""
    with ready_stack(prepared, data_dir, how) as (stack, watched):
        with feeding(prepared.folder, stack.settings, how.events_per_s) as feed:
            before, threads_before = _used(stack), _threads(stack)
            feed.go()
            _wait_until_loaded(stack, wanted_rows(prepared.expected), feed)
            ended_ns = time.monotonic_ns()
            used, threads = _difference(before, _used(stack)), _threads(stack)
            threads = {name: _less(each, threads_before[name]) for name, each in threads.items()}
            sent = feed.sent()
        stack.settle(sent.ends)
        count = refuse(checks(stack.warehouse.client, prepared, stack.settings))
        tables = (interactions.TABLE, window_partials.TABLE)
        return Outcome(
            title=prepared.title,
            events=prepared.expected.events,
            messages=prepared.expected.messages,
            workers=how.workers,
            seconds=(ended_ns - sent.began_ns) / _NS_PER_S,
            produced_s=(sent.ended_ns - sent.began_ns) / _NS_PER_S,
            used={**used, PRODUCER: Used(sent.cpu_s, 0)},
            threads=threads,
            wire_bytes=sent.wire_bytes,
            disk={table: disk_of(stack.warehouse.client, table) for table in tables},
            checks=count,
            freshness_ms=_freshness(prepared, watched, how),
        )


@contextmanager
def ready_stack(
    prepared: Prepared, data_dir: Path, how: How
) -> Iterator[tuple[Stack, WatchedClient]]:
    """A stack whose workers and loader run and have joined their groups, and in which everybody has
    agreed to everything."""
    with begun_stack(prepared, data_dir, how) as (stack, watched):
        stack.start(how.workers)
        stack.settle({})  # the workers have logged the consents, so they have partitions
        # Those that came later get theirs with the next rebalance, which takes a session's length.
        time.sleep(2 * stack.settings.group_session_timeout_s * (how.workers > 1))
        yield stack, watched


@contextmanager
def begun_stack(
    prepared: Prepared, data_dir: Path, how: How
) -> Iterator[tuple[Stack, WatchedClient]]:
    """The same before workers and loader are started."""
    data_dir.mkdir(parents=True, mode=0o700)
    settings = Settings(data_dir=data_dir, **how.settings)
    shutil.copy2(prepared.keys, settings.keys_path)
    with running_stack(settings, say) as stack:
        with Publisher(stack.settings, stack.codec) as publisher:
            now_ms = SystemClock().now_ms()
            publisher.publish_words(enrolment(prepared.people(), PURPOSES, now_ms, stack.policy))
        watched = WatchedClient(stack.warehouse.client)
        stack.warehouse = replace(stack.warehouse, client=cast("Any", watched))
        yield stack, watched


def _wait_until_loaded(stack: Stack, wanted: Mapping[str, int], feed: Feeding) -> None:
    """Return once so many rows of each table are readable. ``RuntimeError`` where nothing moves."""
    rows, moved_s = -1, time.monotonic()
    while True:
        loaded = stack.loaded.rows
        if all(loaded.get(table, 0) >= count for table, count in wanted.items()):
            return
        stack.check()
        if stack.loaded_rows != rows:
            rows, moved_s = stack.loaded_rows, time.monotonic()
        elif time.monotonic() - moved_s > _STILL_S:
            raise RuntimeError(f"nothing has moved for {_STILL_S:g} s: logs are in {stack.log_dir}")
        time.sleep(_POLL_S)


def _used(stack: Stack) -> dict[str, Used]:
    pids = {**stack.pids, _LOADER: os.getpid()}
    return {name: Used(cpu_s(pid), peak_bytes(pid)) for name, pid in pids.items()}


def _difference(before: Mapping[str, Used], after: Mapping[str, Used]) -> dict[str, Used]:
    return {
        name: Used(used.cpu_s - before[name].cpu_s, used.peak_bytes) for name, used in after.items()
    }


def _threads(stack: Stack) -> dict[str, dict[str, float]]:
    pids = {**stack.pids, _LOADER: os.getpid()}
    return {name: cpu_by_thread_s(pid) for name, pid in pids.items()}


def _less(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """What threads of each name took in between, where it is to be told."""
    spent = {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}
    return {name: round(seconds, 2) for name, seconds in spent.items() if seconds >= 0.01}


def _freshness(prepared: Prepared, watched: WatchedClient, how: How) -> Mapping[str, float]:
    if how.events_per_s is None:
        return {}
    return percentiles(waits_ms(prepared, load_keys(prepared.keys), watched.seen))


def say(text: str) -> None:
    """To whoever watches."""
    err.print(text, highlight=False, markup=False, soft_wrap=True)


def settings_of(texts: Sequence[str]) -> dict[str, str]:
    """From ``name=value``. ``ValueError`` for anything else."""
    return dict(cast("tuple[str, str]", text.split("=", 1)) for text in texts)


@app.command()
def main(
    prepared: Annotated[Path, typer.Argument(help="What `prepare` has written.")],
    data_dir: Annotated[Path, typer.Argument(help="A new folder, for the tables.")],
    *,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    events_per_s: Annotated[float | None, typer.Option(help="A steady rate.")] = None,
    setting: Annotated[list[str] | None, typer.Option(help="name=value, of the product.")] = None,
) -> None:
    """Run it once."""
    how = How(workers, events_per_s, settings_of(setting or ()))
    outcome = run_once(read_prepared(prepared), data_dir, how)
    tell(outcome.to_json())


if __name__ == "__main__":
    run_app(app)
