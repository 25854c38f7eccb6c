"""The two outcomes as tables on a terminal."""

from __future__ import annotations

from events.options import out, show_table
from sinks.commands import show_checks
from tests.endurance import outage, soak


def show_outage(outcome: outage.Outcome) -> None:
    rows = [
        (
            process.name,
            f"{process.span.before_mib:,.0f}",
            f"{process.span.peak_mib:,.0f}",
            f"{process.span.after_mib:,.0f}",
            f"{process.limit.mib:,}",
            "held" if process.ok else "BROKEN",
            _ends(process.statuses),
        )
        for process in outcome.processes
    ]
    columns = ("process", "before, MiB", "peak", "after", "limit", "", "ended by itself")
    show_table("", columns, rows)
    out.print(
        f"{outcome.of} away for {outcome.away_s:,.0f} s, under load throughout "
        f"({outcome.events:,} events in all); "
        f"the oldest message waited {outcome.waited_s:,.0f} s",
        highlight=False,
    )
    if outcome.spool_full_s:
        out.print(f"the producer's spool was full for {outcome.spool_full_s:,.0f} s")
    how = "caught up" if outcome.caught_up else "NOT caught up"
    out.print(
        f"{how} {outcome.catch_up_s:,.0f} s after its return: the first rows after "
        f"{outcome.first_rows_s:,.0f} s, then {outcome.rows_per_s:,.0f} rows/s",
        highlight=False,
    )
    show_checks(outcome.checks, {})
    out.print("passed" if outcome.ok else "FAILED")


def show_soak(outcome: soak.Outcome) -> None:
    show_table(
        "",
        (
            "process",
            "first third, MiB",
            "last",
            "slope, MiB/h",
            "allowed",
            "peak",
            "limit",
            "",
        ),
        [_soaked(process) for process in outcome.processes],
    )
    for process in outcome.processes:
        if process.limit.grows_because:
            out.print(f"{process.name} need not be flat: {process.limit.grows_because}")
    out.print(
        f"{outcome.events:,} events, {outcome.events_per_s:,.0f}/s for {outcome.seconds:,.0f} s "
        f"(most that is carried here: {outcome.maximum_events_per_s:,.0f}/s); nothing waited "
        f"longer than {outcome.most_waiting_s:,.0f} s",
        highlight=False,
    )
    show_checks(outcome.checks, {})
    out.print("passed" if outcome.ok else "FAILED")


def _soaked(process: soak.Process) -> tuple[str, ...]:
    found = process.trend
    if found is None:
        return (process.name, "", "", "too short a run", "", f"{process.peak_mib:,.0f}", "", "")
    verdict = found.verdict.value if not process.limit.grows_because else "see below"
    return (
        process.name,
        f"{found.first_mib:,.0f}",
        f"{found.last_mib:,.0f}",
        f"{found.slope_mib_per_h:+,.1f} ± {found.half_width_mib_per_h:,.1f}",
        f"{found.allowed_mib_per_h:,.0f}",
        f"{process.peak_mib:,.0f}",
        f"{process.limit.mib:,}",
        f"{verdict}{' FAILED' if not process.ok else ''} {_ends(process.statuses)}".strip(),
    )


def _ends(statuses: tuple[int, ...]) -> str:
    return f"{len(statuses)} times: {', '.join(map(str, statuses))}" if statuses else ""
