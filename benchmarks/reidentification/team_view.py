"""What analysts see of teams: window partials in the embedded engine, read through the product's
own view, with the policy's smallest group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.reidentification.sessions import Floats, Ints, minutes_of
from benchmarks.reidentification.through import START_MS, Pipeline
from events.clock import MS_PER_MINUTE, MS_PER_S
from events.policy import Policy
from events.settings import Settings
from producers.recordings import Recording
from sinks.limits import apply_policy
from sinks.migrate import migrate
from sinks.reports import TABLE as REPORTS
from sinks.reports import make_all
from sinks.sql import Placement
from sinks.tables.window_partials import TABLE
from sinks.views import create_views
from sinks.warehouse import open_warehouse

#: The view's columns in the order of ``sessions.MEASURES``.
_COLUMNS = ("moves", "presses", "releases", "scrolls", "wheel_steps", "path_px")
_SUMS = (
    f"SELECT toUnixTimestamp(window_start), team, {', '.join(_COLUMNS)} FROM analytics.team_minutes"
)


@dataclass(frozen=True, slots=True)
class TeamMinutes:
    """``shown``: for each team that has any, the minutes shown (since ``START_MS``, int64[m]) and
    their sums, float64[m, 6], NaN where the view leaves one out. ``every``: how many minutes the
    teams had, shown or not."""

    shown: dict[str, tuple[Ints, Floats]] = field(repr=False)
    every: int

    @property
    def share(self) -> float:
        """The share of minutes that is shown."""
        return sum(len(minutes) for minutes, _ in self.shown.values()) / self.every


def alone(recording: Recording) -> Recording:
    """The same recording as if of a person of its own, so that there are as many people as
    sessions."""
    return replace(recording, subject=f"{recording.subject}/{recording.session}")


def partials_of(
    recordings: Sequence[Recording], teams: Sequence[str | None], pipeline: Pipeline
) -> list[pa.Table]:
    """The window partials of each recording that has a team."""
    return [
        pipeline.carry(alone(recording), team).partials
        for recording, team in zip(recordings, teams, strict=True)
        if team is not None
    ]


def team_minutes(partials: Sequence[pa.Table], policy: Policy, folder: Path) -> TeamMinutes:
    """What `analytics.team_minutes` shows of ``partials``; the engine's tables go to ``folder``."""
    with open_warehouse(Settings(data_dir=folder)) as warehouse:
        client = warehouse.client
        migrate(client)
        create_views(client, Placement())
        apply_policy(client, policy)
        # The recordings are laid in the past, where retention would take them away at once.
        for table in (TABLE, REPORTS):
            client.command(f"SYSTEM STOP TTL MERGES {table}")
        rows = pa.concat_tables(partials).unify_dictionaries().combine_chunks()
        client.insert_arrow(TABLE, rows)
        make_all(client)
        found = client.query(_SUMS).result_rows
    teams = rows["team"].to_pylist()
    every = {name: rows.filter(pa.array([team == name for team in teams])) for name in set(teams)}
    return TeamMinutes(_by_team(found), sum(len(minutes_of(own)[0]) for own in every.values()))


def _by_team(rows: Sequence[Sequence[object]]) -> dict[str, tuple[Ints, Floats]]:
    some = [row for row in rows if any(value is not None for value in row[2:])]
    shown = {}
    for team in sorted({str(row[1]) for row in some}):
        own = np.array([[row[0], *row[2:]] for row in some if row[1] == team], dtype=np.float64)
        minutes = (own[:, 0].astype(np.int64) * MS_PER_S - START_MS) // MS_PER_MINUTE
        shown[team] = (minutes, own[:, 1:])
    return shown
