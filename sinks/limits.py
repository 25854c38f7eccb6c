"""The policy's limits inside ClickHouse: retention, and the smallest group a view shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from events.policy import Policy
from events.purposes import Purpose
from sinks.insert import ON_A_MAJORITY
from sinks.sql import Placement

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: Table and column by which each purpose's rows expire.
EXPIRES_BY: dict[Purpose, tuple[str, str]] = {
    Purpose.AGENT_TRAINING: ("training.interactions", "toDateTime(time)"),
    Purpose.TEAM_ANALYTICS: ("analytics.window_partials", "window_start"),
}


def apply_policy(
    client: Client,
    policy: Policy,
    placement: Placement = Placement(),  # noqa: B008 (frozen, no state)
) -> None:
    """Set each purpose's retention and the smallest group. Doing it again changes nothing."""
    for purpose, (table, moment) in EXPIRES_BY.items():
        days = policy.purposes[purpose].retention_days
        _expire(client, placement.holder(table), f"{moment} + toIntervalDay({days})", placement)
    _limit_groups(client, policy.purposes[Purpose.TEAM_ANALYTICS].smallest_group)


def _expire(client: Client, table: str, ttl: str, placement: Placement) -> None:
    """A day's part goes as a whole (``ttl_only_drop_parts``), so rows live at most a day longer."""
    database, name = table.split(".")
    engine = client.command(
        "SELECT engine_full FROM system.tables WHERE database = {d:String} AND name = {n:String}",
        parameters={"d": database, "n": name},
    )
    if f" TTL {ttl} " not in str(engine):
        client.command(placement.resolve(f"ALTER TABLE {table}{{on_cluster}} MODIFY TTL {ttl}"))


def _limit_groups(client: Client, smallest_group: int) -> None:
    found = client.query("SELECT smallest_group FROM analytics.group_limit FINAL").result_rows
    if [tuple(row) for row in found] != [(smallest_group,)]:
        client.insert(
            "analytics.group_limit",
            [[smallest_group]],
            column_names=["smallest_group"],
            settings=ON_A_MAJORITY,
        )
