"""What an analyst reads before and after something changed, from the product as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from events.policy import BUNDLED_POLICY, load_policy
from events.settings import Settings
from sinks.coordinates import Coordinates
from sinks.decode import rows_of
from sinks.limits import apply_policy
from sinks.migrate import migrate
from sinks.reports import Unit, due, make
from sinks.rights import ROLES
from sinks.sql import Placement
from sinks.views import create_views
from sinks.warehouse import open_warehouse
from tests.differencing.population import DAY_S, MORNING, Population
from tests.differencing.rules import VIEWS, Contribution, Row
from tests.kit.access import ADMINISTRATOR, write_config
from tests.kit.clickhouse_process import ClickHouseOverHttp
from tests.sinks.made import CODEC, Batch, partials

#: Columns of the views that the amounts of a contribution are counted in.
MEASURES = ("events", "path_px")

#: Row to (people, the measures; None: not shown).
Look = dict[Row, tuple[int, tuple[int | None, ...]]]

_GRANTED = """
SELECT database || '.' || name FROM system.tables
WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema')
"""


class NotAttacked(Exception):
    """An analyst may read something that this program does not know how to attack."""


@dataclass(frozen=True, slots=True)
class Looks:
    """``before`` and ``after``: what was shown when, and again later."""

    before: Look
    after: Look


def look_twice(population: Population, folder: Path) -> Looks:
    """Load what is there early, make the morning's reports, look; let the changes happen, make the
    others, look again. Raises ``NotAttacked``."""
    with _warehouse(folder) as as_role:
        _load(as_role, population, population.early)
        _make(as_role, lambda unit: is_early(unit.report, unit.start_s))
        before = _read(as_role)
        _erase(as_role, population)
        _load(as_role, population, population.late - population.early)
        _make(as_role, lambda _: True)
        return Looks(before, _read(as_role))


def is_early(view: str, start_s: int) -> bool:
    """Whether the report of this window is made before the changes."""
    hour = (start_s - DAY_S) // 3_600
    return not view.endswith("_days") and hour in MORNING


_AsRole = Callable[[str], Any]


@contextmanager
def _warehouse(folder: Path) -> Iterator[_AsRole]:
    """The engine with the roles of the product, which it enforces."""
    users = [f"{role}::{role}" for role in (*ROLES, ADMINISTRATOR)]
    with ClickHouseOverHttp(folder / "data", write_config(folder), users) as server:

        def as_role(role: str) -> Any:
            return open_warehouse(Settings(clickhouse_url=server.url, clickhouse_user=role))

        with as_role("migrator") as made:
            migrate(made.client)
            create_views(made.client, Placement(), has_users=True)
            apply_policy(made.client, load_policy(BUNDLED_POLICY))
        yield as_role


def _load(as_role: _AsRole, population: Population, places: Collection[int]) -> None:
    chosen = [(place, population.contributions[place]) for place in sorted(places)]
    if not chosen:
        return
    amounts = np.array([one.amounts for _, one in chosen])
    sent = partials(
        [_batch(place, one) for place, one in chosen],
        event_count=amounts[:, 0],
        path_px=amounts[:, 1],
        origin=np.zeros(len(chosen)),
    )
    at = Coordinates(sent.topic, "id", sent.partition, 0, sent.time_ms)
    with as_role("loader") as warehouse:
        for table, rows in rows_of(CODEC, at, sent.value).items():
            warehouse.client.insert_arrow(table, rows)


def _batch(place: int, one: Contribution) -> Batch:
    return Batch(
        place + 1,
        one.person,
        team=one.team,
        application=one.application,
        base_time_ms=one.minute_s * 1_000,
    )


def _make(as_role: _AsRole, wanted: Callable[[Unit], bool]) -> None:
    with as_role("loader") as warehouse:
        made: set[Unit] = set()
        while units := {u for u in due(warehouse.client, True) if wanted(u)} - made:
            for unit in sorted(units):
                make(warehouse.client, unit)
            made |= units


def _erase(as_role: _AsRole, population: Population) -> None:
    gone = ", ".join(str(place + 1 + 5_000_000) for place in population.early - population.late)
    with as_role(ADMINISTRATOR) as warehouse:
        warehouse.client.command(
            f"ALTER TABLE analytics.window_partials DELETE WHERE batch IN ({gone or 'NULL'}) "
            "SETTINGS mutations_sync = 2"
        )


def _read(as_role: _AsRole) -> Look:
    look: Look = {}
    with as_role("analyst") as warehouse:
        granted = {str(row[0]) for row in warehouse.client.query(_GRANTED).result_rows}
        known = {f"analytics.{view}" for view, *_ in VIEWS}
        if granted != known:
            raise NotAttacked(f"granted, and not attacked, or the reverse: {granted ^ known}")
        for view, column, _, _ in VIEWS:
            sql = (
                f"SELECT {column}, origin, toUnixTimestamp(window_start), people, "
                f"{', '.join(MEASURES)} FROM analytics.{view}"
            )
            for name, origin, start, people, *values in warehouse.client.query(sql).result_rows:
                look[view, name, origin, start] = people, tuple(values)
    return look
