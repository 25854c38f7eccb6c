"""Is ClickHouse there, with the tables and the limits of the policy in force?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from deploy.doctor.clickhouse_rights import check_rights
from deploy.doctor.finding import Finding
from events.clock import Clock
from events.errors import GlasshouseError, SettingsError
from events.policy import Policy
from events.policy_folder import verified_policy
from events.purposes import Purpose
from events.settings import Settings
from sinks.limits import retention_days
from sinks.migrate import has_users, is_migrated
from sinks.prepare import placement_of
from sinks.rights import RIGHTS, cluster_rights
from sinks.sql import Placement
from sinks.warehouse import open_warehouse

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: Clocks further apart than this spoil retention, watermarks and the order of consent.
_SKEW_MS = 5_000
#: More active parts than this in one partition, and merges do not keep up with inserts.
_PARTS = 300

_PARTS_SQL = """
SELECT toInt64(max(parts)) FROM
(
    SELECT count() AS parts FROM system.parts
    WHERE active AND database IN ('training', 'analytics', 'governance')
    GROUP BY database, table, partition
)
"""

#: A replica that is this far behind gives answers of another time.
_LATE_S = 30

_REPLICAS_SQL = """
SELECT
    toInt64((SELECT count() FROM system.clusters WHERE cluster = {cluster:String})),
    toInt64(minIf(total_replicas, table NOT LIKE '%_local')),
    toInt64(countIf(is_readonly)),
    toInt64(countIf(active_replicas < total_replicas)),
    toInt64(max(absolute_delay))
FROM system.replicas
WHERE database IN ('training', 'analytics', 'governance')
"""


def check_warehouse(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Reachability; then version, clock, tables, retention, smallest group, parts and rights."""
    where = str(settings.data_dir) if settings.embedded_clickhouse else settings.clickhouse_url
    try:
        with open_warehouse(settings) as warehouse:
            yield Finding("clickhouse", f"version {warehouse.client.server_version} at {where}")
            yield from _inside(warehouse.client, settings, clock)
    except GlasshouseError as error:
        yield Finding("clickhouse", f"cannot be used: {str(error).splitlines()[0]}", "see there")


def _inside(client: Client, settings: Settings, clock: Clock) -> Iterator[Finding]:
    yield _skew(client, clock)
    if not is_migrated(client):
        yield Finding("tables", "missing or of an older version", "run `glasshouse migrate`")
        return
    yield Finding("tables", "of this version")
    try:
        policy = verified_policy(settings)
    except SettingsError:
        return  # said already, with the files
    placement = placement_of(settings)
    yield from _retention(client, policy, placement)
    yield _smallest_group(client, policy)
    parts = int(client.query(_PARTS_SQL).result_rows[0][0])
    remedy = "load in larger blocks (--insert-rows, --insert-age-ms)" if parts > _PARTS else ""
    yield Finding("parts", f"at most {parts} in one partition", remedy)
    if placement.cluster:
        asked = {"cluster": placement.cluster}
        yield from replicas(*client.query(_REPLICAS_SQL, parameters=asked).result_rows[0])
    if not settings.embedded_clickhouse:
        yield from _rights(client, placement)


def _rights(client: Client, placement: Placement) -> Iterator[Finding]:
    if has_users(client):
        yield from check_rights(client, cluster_rights() if placement.cluster else RIGHTS)
        return
    text = "roles were not made: whoever reaches the server reads everything"
    remedy = "run `glasshouse migrate` as an administrator of a server with access management"
    yield Finding("ClickHouse's rights", text, remedy)


def replicas(nodes: int, everywhere: int, stuck: int, away: int, late_s: int) -> Iterator[Finding]:
    """What this node knows of its tables' replicas: on how many of the cluster's ``nodes`` those
    are that belong ``everywhere``, how many cannot be written or have a replica ``away``, and how
    far the last one is behind."""
    check = "clickhouse replicas"
    if everywhere < nodes:
        remedy = "make the tables there (see DESIGN.md, ClickHouse on a cluster)"
        yield Finding(check, f"tables are on {everywhere} of {nodes} nodes", remedy)
    if stuck:
        yield Finding(check, f"{stuck} tables can only be read", "see to ClickHouse Keeper")
    if away:
        yield Finding(check, f"{away} tables miss a replica", "start the node, or replace it")
    if late_s > _LATE_S:
        remedy = "wait before `glasshouse reconcile`: what is not here yet counts as missing"
        yield Finding(check, f"{late_s} s behind", remedy)
    if everywhere >= nodes and not stuck and not away and late_s <= _LATE_S:
        yield Finding(check, f"on {nodes} nodes, none away, none behind")


def _skew(client: Client, clock: Clock) -> Finding:
    there_ms = int(client.query("SELECT toUnixTimestamp64Milli(now64(3))").result_rows[0][0])
    skew_ms = there_ms - clock.now_ms()
    remedy = "synchronise the clocks (NTP) of both machines" if abs(skew_ms) > _SKEW_MS else ""
    return Finding("clock", f"ClickHouse's is {skew_ms / 1_000:+.1f} s from ours", remedy)


def _retention(client: Client, policy: Policy, placement: Placement) -> Iterator[Finding]:
    for name, wanted in retention_days(policy).items():
        table = placement.holder(name)
        created = str(client.command(f"SHOW CREATE TABLE {table}"))
        found = re.search(r"TTL .*toIntervalDay\((\d+)\)", created.replace("\\n", " "))
        days = int(found.group(1)) if found else None
        text = f"{days} days" if days else "never expires"
        remedy = "" if days == wanted else f"{wanted} days are agreed: run `glasshouse migrate`"
        yield Finding(f"retention of {table}", text, remedy)


def _smallest_group(client: Client, policy: Policy) -> Finding:
    wanted = policy.purposes[Purpose.TEAM_ANALYTICS].smallest_group
    rows = client.query("SELECT smallest_group FROM analytics.group_limit FINAL").result_rows
    found = int(rows[0][0]) if rows else None
    text = f"{found} people" if found else "not set: no report shows anything"
    remedy = "" if found == wanted else f"the policy says {wanted}: run `glasshouse migrate`"
    return Finding("smallest group", text, remedy)
