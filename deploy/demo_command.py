"""The command `demo`: the options, the progress on the terminal, and the result."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional, cast

import typer
from rich.console import Console

from events.clock import Clock, SystemClock
from events.errors import InputError
from events.options import err, out, show_json, show_table, with_settings
from events.settings import Settings

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from deploy.demo import DemoReport
    from deploy.recorded import RecordedScript
    from deploy.script import Script
    from deploy.simulated import SimulatedScript
    from sinks.totals import Totals

_EXIT_NOT_RECONCILED = 1

_QUERIES = (
    "SELECT * FROM analytics.team_hours ORDER BY events DESC LIMIT 10",
    "SELECT action, count() FROM training.interactions FINAL GROUP BY action ORDER BY 2 DESC",
    "SELECT purpose, sum(event_count) AS events, sumMap(withheld) AS withheld, "
    "sumMap(rejected) AS rejected FROM governance.accounting FINAL GROUP BY purpose",
)


def register(app: typer.Typer) -> None:
    """Add `demo` to ``app``."""
    names = [name for name in Settings.model_fields if name not in ("metrics_port", "group_prefix")]
    app.command()(with_settings(*names)(demo))


def demo(
    *,
    settings: Settings,
    balabit: Annotated[
        Optional[Path],  # noqa: UP045 (Typer reads it at run time)
        typer.Option(help="Play a Balabit folder (training_files) instead of a simulation."),
    ] = None,
    ducktrack: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Play a DuckTrack recording instead of a simulation."),
    ] = None,
    without: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="USER", help="This person never enrolled; may be given again."),
    ] = None,
    withdrawn: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="USER", help="This person has withdrawn; may be given again."),
    ] = None,
    start: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="First day of the recordings or of the simulation, UTC."),
    ] = None,
    employees: Annotated[int, typer.Option(min=1, help="Size of the simulation.")] = 200,
    events: Annotated[
        int, typer.Option(min=1, help="Events of the simulation, spread over one working day.")
    ] = 3_000_000,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 1,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="The last line is one JSON object.")
    ] = False,
) -> None:
    """Run everything end to end: consent, events, Kafka, Faust, ClickHouse, and the books.

    Without servers in the settings it starts an embedded broker, and the embedded ClickHouse engine
    in --data-dir. Without recordings it plays a simulated organisation.

    Example: glasshouse demo --balabit training_files --data-dir trial --json
    """
    from deploy.demo import run_demo

    now_ms = SystemClock().now_ms()
    script: Script
    if balabit and ducktrack:
        raise InputError("--balabit and --ducktrack exclude each other")
    if balabit or ducktrack:
        folder, form = (balabit, "balabit") if balabit else (ducktrack, "ducktrack")
        people = (frozenset(without or ()), frozenset(withdrawn or ()))
        script = _recorded(settings, cast(Path, folder), form, people, start)
    elif without or withdrawn:
        raise InputError("--without and --withdrawn name people of recordings: give --balabit too")
    else:
        script = _simulated(settings, (employees, events, seed), start, now_ms)
    with _watching(script.title) as watcher:
        report = run_demo(settings, script, workers, watcher, now_ms)
    if as_json:
        _say_notes(script, err)
        show_json(report.to_json())
    else:
        _show(report, script)
    if not report.reconciled:
        raise typer.Exit(_EXIT_NOT_RECONCILED)


@contextmanager
def _watching(title: str) -> Iterator[TerminalWatcher | LineWatcher]:
    """Bars where a person watches, now and then a line where not."""
    if not err.is_terminal:
        yield LineWatcher(title)
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.completed:>14,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err) as progress:
        yield TerminalWatcher(
            progress,
            published_bar=progress.add_task(f"{title}: events published", total=None),
            loaded_bar=progress.add_task("rows in ClickHouse, all tables", total=None),
        )


@dataclass(slots=True)
class TerminalWatcher:
    progress: Progress
    published_bar: TaskID
    loaded_bar: TaskID

    def say(self, text: str) -> None:
        self.progress.console.print(text, highlight=False, markup=False)

    def published(self, events: int) -> None:
        self.progress.advance(self.published_bar, events)

    def loaded(self, rows: int) -> None:
        self.progress.update(self.loaded_bar, completed=rows)


@dataclass(slots=True)
class LineWatcher:
    """A line on standard error every few seconds, for logs."""

    title: str
    every_s: float = 5.0
    clock: Clock = field(default_factory=SystemClock)
    events: int = 0
    rows: int = 0
    _said_s: float = 0.0

    def say(self, text: str) -> None:
        err.print(text, highlight=False, markup=False)

    def published(self, events: int) -> None:
        self.events += events
        self._now_and_then()

    def loaded(self, rows: int) -> None:
        self.rows = rows
        self._now_and_then()

    def _now_and_then(self) -> None:
        now_s = self.clock.monotonic_s()
        if now_s - self._said_s >= self.every_s:
            self._said_s = now_s
            self.say(f"{self.title}: {self.events:,} events published, {self.rows:,} rows loaded")


def _recorded(
    settings: Settings,
    folder: Path,
    form: str,
    people: tuple[frozenset[str], frozenset[str]],
    start: str | None,
) -> RecordedScript:
    from deploy.recorded import RecordedScript
    from producers.calendar import parse_start
    from producers.find_recordings import find_recordings
    from producers.recordings import Format

    wanted = Format(form)
    # A DuckTrack recording names nobody; the Balabit folders do.
    subject = "ducktrack" if wanted is Format.DUCKTRACK else None
    without, withdrawn = people
    return RecordedScript(
        recordings=find_recordings(folder, wanted, subject=subject),
        without=without,
        withdrawn=withdrawn,
        team=form,
        batch_events=settings.batch_events,
        first_ms=parse_start(start) if start else None,
    )


def _simulated(
    settings: Settings, size: tuple[int, int, int], start: str | None, now_ms: int
) -> SimulatedScript:
    from deploy.simulated import SimulatedScript
    from producers.calendar import parse_start
    from producers.simulation.config import SimulationConfig, default_start_ms

    employees, events, seed = size
    return SimulatedScript(
        SimulationConfig(
            start_ms=parse_start(start) if start else default_start_ms(now_ms, 1),
            employees=employees,
            teams=min(12, employees),
            events=events,
            seed=seed,
            batch_events=settings.batch_events,
        )
    )


def _outcomes(purposes: Sequence[Totals]) -> Iterator[tuple[str | int, ...]]:
    """Rows of the table: they add up to the first, column by column."""
    yield ("events in", *(one.events_in for one in purposes))
    yield ("passed", *(one.passed for one in purposes))
    for word in ("withheld", "rejected"):
        counts: list[Mapping[str, int]] = [getattr(one, word) for one in purposes]
        for reason in sorted({reason for one in counts for reason in one}):
            yield (f"{word}: {reason}", *(one.get(reason, 0) for one in counts))


def _say_notes(script: Script, console: Console) -> None:
    for note in script.notes():
        console.print(note, highlight=False, markup=False, soft_wrap=True)


def _show(report: DemoReport, script: Script) -> None:
    from sinks.commands import show_checks

    totals, title = report.totals, script.title
    show_table(
        f"What became of every event ({title})",
        ("outcome", *(purpose.value for purpose in totals)),
        [(outcome, *counts) for outcome, *counts in _outcomes(tuple(totals.values()))],
    )
    columns = ("hour (UTC)", "team", "people", "events", "presses", "scrolls")
    show_table("Busiest teams by the hour (the analysts' view)", columns, report.busiest)
    out.print(
        f"{report.hidden_groups:,} team-hours have too few people in them and are not shown.",
        highlight=False,
        soft_wrap=True,
    )
    show_checks(report.checks, report.unmerged)
    _say_notes(script, out)
    out.print(
        f"{report.events_in:,} events in {report.seconds:.1f} s, from the first one published to "
        f"the last row readable: {report.events_per_s:,.0f} events/s",
        highlight=False,
        soft_wrap=True,
    )
    out.print(f"The tables are in {report.data_dir}. Try:", highlight=False, markup=False)
    for query in _QUERIES:
        command = (
            f"glasshouse query --data-dir {shlex.quote(str(report.data_dir))} {shlex.quote(query)}"
        )
        out.print(f"  {command}", highlight=False, markup=False, soft_wrap=True)
