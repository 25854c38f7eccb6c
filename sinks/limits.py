"""How long rows are kept, and the smallest group a view shows: the policy's limits and the data
map's, inside ClickHouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from events.data_map import Kind, of_kind
from events.policy import Policy
from events.purposes import Purpose
from sinks.insert import ON_A_MAJORITY
from sinks.sql import Placement

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: Every table whose rows expire, and by which moment.
_MOMENTS = {
    "training.interactions": "toDateTime(time)",
    "analytics.window_partials": "window_start",
    "analytics.reports": "window_start",
    "training.erased_people": "erased_at",
    "training.erased_batches": "day",
    "analytics.erased_people": "erased_at",
    "analytics.erased_batches": "day",
    "governance.dead_letters": "toDateTime(message_time)",
    "governance.audit_log": "toDateTime(at)",
    "governance.queries": "toDateTime(started_at)",
}

_IN_FORCE = """
SELECT table_name, argMax(days, set_at) FROM governance.retention GROUP BY table_name
"""


def retention_days(policy: Policy) -> dict[str, int]:
    """Days after which the rows of each table expire; tables without an end are left out."""
    days = {name: store.retention.days_under(policy) for name, store in of_kind(Kind.TABLE).items()}
    return {name: found for name, found in days.items() if found is not None}


def apply_policy(
    client: Client,
    policy: Policy,
    placement: Placement = Placement(),  # noqa: B008 (frozen, no state)
) -> None:
    """Set the retention of every table that has one, note it in ``governance.retention``, and set
    the smallest group. Doing it again changes nothing.

    A retention is noted once it is set: a stop in between is mended by the next ``migrate``, and
    until then nothing that expires by it is taken for expired.
    """
    known = in_force(client)
    for table, days in retention_days(policy).items():
        ttl = f"{_MOMENTS[table]} + toIntervalDay({days})"
        _expire(client, placement.holder(table), ttl, placement)
        if known.get(table) != days:
            _add(client, "governance.retention", table_name=table, days=days)
    _limit_groups(client, policy.purposes[Purpose.TEAM_ANALYTICS].smallest_group)


def in_force(client: Client) -> dict[str, int]:
    """Days after which the rows of each table expire, as was set last."""
    return {str(table): int(days) for table, days in client.query(_IN_FORCE).result_rows}


def _expire(client: Client, table: str, ttl: str, placement: Placement) -> None:
    """Of people's rows a day's part goes as a whole (``ttl_only_drop_parts``), so they live at most
    a day longer."""
    database, name = table.split(".")
    engine = client.command(
        "SELECT engine_full FROM system.tables WHERE database = {d:String} AND name = {n:String}",
        parameters={"d": database, "n": name},
    )
    if f" TTL {ttl} " not in f"{engine} ":
        client.command(placement.resolve(f"ALTER TABLE {table}{{on_cluster}} MODIFY TTL {ttl}"))


def _limit_groups(client: Client, smallest_group: int) -> None:
    found = client.query("SELECT smallest_group FROM analytics.group_limit FINAL").result_rows
    if [tuple(row) for row in found] != [(smallest_group,)]:
        _add(client, "analytics.group_limit", smallest_group=smallest_group)


def _add(client: Client, table: str, **row: object) -> None:
    client.insert_arrow(table, pa.Table.from_pylist([row]), settings=ON_A_MAJORITY)
