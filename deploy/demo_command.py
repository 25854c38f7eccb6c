"""The command `demo`: the options, the progress on the terminal, and the result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional, cast

import typer

from events.clock import SystemClock
from events.errors import InputError
from events.options import err, show_json, with_settings
from events.settings import Settings

if TYPE_CHECKING:
    from deploy.recorded import RecordedScript
    from deploy.script import Script
    from deploy.simulated import SimulatedScript

_EXIT_NOT_RECONCILED = 1


def register(app: typer.Typer) -> None:
    """Add `demo` to ``app``."""
    others = {"metrics_port", "metrics_host", "group_prefix"}
    names = [name for name in Settings.model_fields if name not in others]
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
    from deploy.demo_result import say_notes, show_report
    from deploy.watching import watching

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
    with watching(script.title) as watcher:
        report = run_demo(settings, script, workers, watcher, now_ms)
    if as_json:
        say_notes(script, err)
        show_json(report.to_json())
    else:
        show_report(report, script)
    if not report.reconciled:
        raise typer.Exit(_EXIT_NOT_RECONCILED)


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
