"""Measures how fast Glasshouse is, against what limits it and what others would cost:

python -m benchmarks.throughput Mouse-Dynamics-Challenge/training_files --write deploy/examples"""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from benchmarks.throughput import profile as watching
from benchmarks.throughput.bench import Bench, Plan, Step
from benchmarks.throughput.result import Result
from benchmarks.throughput.show import method, tables
from events.errors import GlasshouseError
from events.options import err, out, show_json, show_table

_INTERRUPTED = 130
_RESULT = "throughput.json"
app = typer.Typer(add_completion=False)


@app.command()
def main(
    recordings: Annotated[
        Path | None, typer.Argument(help="Balabit's layout. Without it events are SIMULATED.")
    ] = None,
    *,
    quick: Annotated[bool, typer.Option(help="One short run, in under two minutes.")] = False,
    events: Annotated[int, typer.Option(min=1_000, help="Of the main runs.")] = 20_000_000,
    small_events: Annotated[int, typer.Option(min=0, help="To see how cost grows; 0: not.")] = (
        1_000_000
    ),
    large_events: Annotated[int, typer.Option(min=0, help="To see how cost grows; 0: not.")] = (
        100_000_000
    ),
    fresh_events: Annotated[int, typer.Option(min=0, help="For freshness; 0: not.")] = 10_000_000,
    short_events: Annotated[int, typer.Option(min=0, help="In batches of 25; 0: not.")] = 2_000_000,
    runs: Annotated[int, typer.Option(min=1, help="How many rounds.")] = 5,
    batch_events: Annotated[int, typer.Option(min=1, max=4_096)] = 256,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    peers: Annotated[bool, typer.Option(help="Measure what others would cost as well.")] = True,
    profile: Annotated[bool, typer.Option(help="See where the time goes, with py-spy.")] = True,
    setting: Annotated[list[str] | None, typer.Option(help="name=value, of the product.")] = None,
    keep: Annotated[Path, typer.Option(help="Folder for workloads and tables.")] = Path(
        "build/throughput"
    ),
    write: Annotated[
        Path | None, typer.Option(help="Folder for throughput.json and the pictures.")
    ] = None,
    show: Annotated[
        Path | None, typer.Option(help="Measure nothing: show, or write, this throughput.json.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Measure it all. Ctrl-C ends it; what was measured by then is in KEEP/throughput.json.

    Example: python -m benchmarks.throughput training_files --events 20000000 --runs 5
    """
    settings = tuple(setting or ())
    plan = (
        Plan.quick(recordings, keep, settings)
        if quick
        else Plan(
            recordings,
            keep,
            events=events,
            small_events=small_events,
            large_events=large_events,
            fresh_events=fresh_events,
            short_events=short_events,
            runs=runs,
            batch_events=batch_events,
            workers=workers,
            with_peers=peers,
            with_profile=profile,
            settings=settings,
        )
    )
    try:
        _need(pyspy=plan.with_profile and show is None, matplotlib=write is not None)
        result = _run(Bench(plan)) if show is None else Result.load(show)
    except KeyboardInterrupt:
        found = keep / _RESULT
        told = f"what was measured is in {found}" if found.exists() else "nothing was measured yet"
        err.print(f"stopped; {told}", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(_INTERRUPTED) from None
    except (GlasshouseError, RuntimeError, OSError) as error:
        err.print(f"benchmark: {error}", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    if write is not None and result.ours:
        _save(result, write)
    _show(result, as_json=as_json)


def _need(*, pyspy: bool, matplotlib: bool) -> None:
    """``RuntimeError`` where what is needed at the end is not there, before all the rest."""
    if (pyspy and watching.pyspy() is None) or (matplotlib and find_spec("matplotlib") is None):
        raise RuntimeError("py-spy or matplotlib is not installed: run it as `make bench`")


def _run(bench: Bench) -> Result:
    """Step by step; what is known so far is kept after each."""
    began_s = time.monotonic()
    bench.plan.keep.mkdir(parents=True, exist_ok=True)
    (bench.plan.keep / _RESULT).unlink(missing_ok=True)
    steps = list(bench.steps())
    with Progress(console=err, disable=not err.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=len(steps))
        for number, step in enumerate(steps, start=1):
            progress.update(task, description=step.title)
            _say(step, number, len(steps), time.monotonic() - began_s)
            step.run()
            bench.result.seconds = time.monotonic() - began_s
            bench.result.save(bench.plan.keep / _RESULT)
            progress.advance(task)
    return bench.result


def _say(step: Step, number: int, total: int, seconds: float) -> None:
    text = f"{seconds:7,.0f} s  {number} of {total}  {step.title}"
    err.print(text, highlight=False, markup=False, soft_wrap=True)


def _save(result: Result, folder: Path) -> None:
    """The figures and the pictures of them."""
    from benchmarks.throughput.picture import draw

    folder.mkdir(parents=True, exist_ok=True)
    result.save(folder / "throughput.json")
    draw(result, folder)


def _show(result: Result, *, as_json: bool) -> None:
    if as_json:
        show_json(result.to_json())
        return
    for table in tables(result):
        show_table(table.title, table.columns, table.rows)
    out.print(method(result), highlight=False, markup=False, soft_wrap=True)


if __name__ == "__main__":
    app()
