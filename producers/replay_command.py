"""The command `replay`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum, unique
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from events.batch import is_identifier
from events.clock import SystemClock, to_datetime
from events.errors import InputError
from events.options import err, out, show_json, with_settings
from events.settings import Settings
from events.topics import Topic
from events.vocabulary import OTHER_APPLICATION, OUTSIDE_PX
from producers.connect import CONNECTION, connect
from producers.publishing import PUBLISHING

if TYPE_CHECKING:
    from producers.recordings import Recording, Screen
    from producers.replay import ReplayPlan, ReplayReport

_INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended


@unique
class WantedFormat(StrEnum):
    AUTO = "auto"
    BALABIT = "balabit"
    DUCKTRACK = "ducktrack"


def register(app: typer.Typer) -> None:
    """Add `replay` to ``app``."""
    app.command()(with_settings(*CONNECTION, "batch_events", *PUBLISHING)(replay))


def replay(
    *,
    settings: Settings,
    path: Annotated[Path, typer.Argument(help="Folder with the recordings.")],
    wanted: Annotated[
        WantedFormat, typer.Option("--format", help="What the recordings are.")
    ] = WantedFormat.AUTO,
    start: Annotated[
        Optional[str],  # noqa: UP045 (Typer reads it at run time)
        typer.Option(
            help="Day (or date and time, UTC) of each person's first session; session i is i days "
            "later; a day's sessions begin at 09:00 UTC. (default: 28 days ago, or as many as all "
            "sessions need to be past; name a day for a calendar that is the same tomorrow)"
        ),
    ] = None,
    speed: Annotated[
        str,
        typer.Option(
            help="max, or how many times real time; then all sessions play side by side, and a "
            "pause of more than 10 minutes lasts 10."
        ),
    ] = "max",
    subject: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Whose recording it is (DuckTrack only; Balabit's folders say it)."),
    ] = None,
    screen: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Screen, as 1920x1080. (default: DuckTrack's own; Balabit: 1920x1080)"),
    ] = None,
    team: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Team the people work in. (default: balabit or ducktrack)"),
    ] = None,
    application: Annotated[
        str, typer.Option(help="Application the sessions were recorded in.")
    ] = OTHER_APPLICATION,
    without: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="USER", help="Leave this person out; may be given again."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Replay recordings of real work into Kafka: a Balabit folder or a DuckTrack recording.

    Rows that cannot be read are counted and reported and do not stop the run. The same recordings,
    --start and --batch-events give the same events again, which collapse with the first.

    Example: glasshouse replay training_files --start 2026-03-02 --kafka-servers localhost:9092
    """
    from producers.calendar import default_start, lay, parse_start, refuse_future
    from producers.find_recordings import find_recordings
    from producers.recordings import Format
    from producers.replay import ReplayPlan

    given = None if wanted is WantedFormat.AUTO else Format(wanted.value)
    found = find_recordings(path, given, subject=subject, screen=_screen(screen))
    recordings = _without(found, without or [])
    now_ms = SystemClock().now_ms()
    plan = ReplayPlan(
        first_ms=parse_start(start) if start else default_start(recordings, now_ms),
        team=_identifier("--team", team or recordings[0].format.value),
        application=_identifier("--application", application),
        batch_events=settings.batch_events,
        speed=_speed(speed),
    )
    refuse_future(lay(recordings, plan.first_ms), now_ms)
    connect(settings, Topic.RAW)
    report = _run(settings, recordings, plan)
    _show(report, plan, as_json)
    if report.stopped:
        raise typer.Exit(_INTERRUPTED)


def _run(settings: Settings, recordings: Sequence[Recording], plan: ReplayPlan) -> ReplayReport:
    from events.registry import codec_for
    from producers.ctrl_c import asked_to_stop
    from producers.progress import counted
    from producers.publishing import publishing
    from producers.replay import replay as send

    clock = SystemClock()
    started_s = clock.monotonic_s()
    with (
        asked_to_stop() as stop,
        publishing(settings, codec_for(settings)) as publisher,
        counted("replaying", lambda: publisher.spooled) as on_progress,
    ):
        report = send(recordings, publisher, plan, on_progress=on_progress, stopped=stop.is_set)
    # Only now is everything acknowledged.
    return replace(
        report,
        seconds=clock.monotonic_s() - started_s,
        left_over_batches=publisher.report.left_over_messages,
    )


def _show(report: ReplayReport, plan: ReplayPlan, as_json: bool) -> None:
    rate = report.events_sent / report.seconds if report.seconds else 0.0
    first = to_datetime(plan.first_ms).isoformat()
    if as_json:
        show_json({
            "subjects": report.subjects,
            "sessions": report.sessions,
            "events_sent": report.events_sent,
            "batches_sent": report.batches_sent,
            "left_over_batches_sent": report.left_over_batches,
            "unreadable_rows": report.unreadable_rows,
            "examples": [
                {"file": str(bad.path), "line": bad.line, "fault": bad.fault}
                for bad in report.examples
            ],
            "first_session_at": first,
            "seconds": round(report.seconds, 3),
            "events_per_s": round(rate),
            "stopped": report.stopped,
        })  # fmt: skip
        return
    out.print(
        f"{'stopped after' if report.stopped else 'replayed'} {report.events_sent:,} events in "
        f"{report.batches_sent:,} batches: {report.subjects} people, {report.sessions} sessions, "
        f"the first at {first}; {report.seconds:.1f} s, {rate:,.0f} events/s",
        highlight=False,
    )
    if report.unreadable_rows:
        err.print(f"{report.unreadable_rows:,} rows could not be read:", highlight=False)
        for bad in report.examples:
            where = f"{bad.path}:{bad.line}" if bad.line else f"{bad.path}"
            err.print(f"  {where} {bad.fault}", highlight=False, markup=False, soft_wrap=True)
        if report.unreadable_rows > len(report.examples):
            err.print("  ...", highlight=False)


def _without(recordings: Sequence[Recording], left_out: Sequence[str]) -> list[Recording]:
    unknown = set(left_out) - {recording.subject for recording in recordings}
    if unknown:
        # To go on would send the events of somebody who was to be left out.
        raise InputError(
            f"--without: {len(unknown)} of the people named have no recording here. Check how "
            "the folders are spelt."
        )
    kept = [recording for recording in recordings if recording.subject not in left_out]
    if not kept:
        raise InputError("--without leaves out everybody")
    return kept


def _screen(text: str | None) -> Screen | None:
    from producers.recordings import Screen

    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", text, re.ASCII)
    sides = [int(side) for side in match.groups()] if match else [0]
    if not all(1 <= side <= OUTSIDE_PX for side in sides):
        raise InputError("--screen is not WIDTHxHEIGHT in px, each 1 to 65535, such as 1920x1080")
    return Screen(*sides)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not (math.isfinite(speed) and speed > 0):
        raise InputError("--speed is neither max nor a number above 0, such as 1 or 60")
    return speed


def _identifier(option: str, text: str) -> str:
    if not is_identifier(text):
        raise InputError(f"{option}: only a-z, 0-9 and ._- , at most 64, a letter or digit first")
    return text
