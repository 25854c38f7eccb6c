"""Tells a person how a demo came out."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from deploy.demo import DemoReport
from deploy.script import Script
from events.options import out, show_table
from sinks.commands import show_checks
from sinks.totals import Totals

_QUERIES = (
    "SELECT * FROM analytics.team_hours ORDER BY events DESC LIMIT 10",
    "SELECT action, count() FROM training.interactions FINAL GROUP BY action ORDER BY 2 DESC",
    "SELECT purpose, sum(event_count) AS events, sumMap(withheld) AS withheld, "
    "sumMap(rejected) AS rejected FROM governance.accounting FINAL GROUP BY purpose",
)


def _outcomes(purposes: Sequence[Totals]) -> Iterator[tuple[str | int, ...]]:
    """Rows of the table: they add up to the first, column by column."""
    yield ("events in", *(one.events_in for one in purposes))
    yield ("passed", *(one.passed for one in purposes))
    for word in ("withheld", "rejected"):
        counts: list[Mapping[str, int]] = [getattr(one, word) for one in purposes]
        for reason in sorted({reason for one in counts for reason in one}):
            yield (f"{word}: {reason}", *(one.get(reason, 0) for one in counts))


def say_notes(script: Script, console: Console) -> None:
    """What the script has to say of itself: that it is simulated, which rows were no events."""
    for note in script.notes():
        console.print(note, highlight=False, markup=False, soft_wrap=True)


def show_report(report: DemoReport, script: Script) -> None:
    totals, title = report.totals, script.title
    show_table(
        f"What became of every event ({title})",
        ("outcome", *(purpose.value for purpose in totals)),
        [(outcome, *counts) for outcome, *counts in _outcomes(tuple(totals.values()))],
    )
    columns = ("hour (UTC)", "team", "people", "events", "presses", "scrolls")
    show_table("Busiest teams by the hour (the analysts' view)", columns, report.busiest)
    out.print(
        f"{report.hidden_groups:,} team-hours have too few people in them, or are mostly one "
        "person's, and are not shown. Figures are rounded.",
        highlight=False,
        soft_wrap=True,
    )
    show_checks(report.checks, report.unmerged)
    say_notes(script, out)
    out.print(
        f"{report.events_in:,} events in {report.seconds:.1f} s, from the first one published to "
        f"the last row readable: {report.events_per_s:,.0f} events/s",
        highlight=False,
        soft_wrap=True,
    )
    where = ["--data-dir", str(report.data_dir)]
    if report.clickhouse_url:
        where = ["--clickhouse-url", report.clickhouse_url]
    out.print(f"The tables are at {where[1]}. Try:", highlight=False, markup=False)
    for query in _QUERIES:
        words = [_own_name(), "query", *where, query]
        out.print(f"  {shlex.join(words)}", highlight=False, markup=False, soft_wrap=True)


def _own_name() -> str:
    """How this command can be typed again: by name if the shell finds it, by path if not."""
    typed = Path(sys.argv[0])
    if shutil.which("glasshouse") or typed.name != "glasshouse":
        return "glasshouse"
    return os.path.relpath(typed)
