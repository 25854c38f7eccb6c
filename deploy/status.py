"""What a running deployment looks like from outside: policy, lags, tables. Counts only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy.lag import Lag, lags
from deploy.policy.show import agreed_json
from events.errors import Retry
from events.kafka import end_offsets, partitions_of
from events.policy_folder import agreed_policy
from events.policy_history import Agreed
from events.settings import Settings
from events.topics import Topic
from sinks.decode import LOADED_TOPICS

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client
    from confluent_kafka.admin import AdminClient

_TABLES = """
SELECT database || '.' || name AS table, toInt64(ifNull(total_rows, 0)) AS rows,
       toInt64(ifNull(total_bytes, 0)) AS bytes, toInt64(ifNull(parts, 0)) AS parts
FROM system.tables
WHERE database IN ('training', 'analytics', 'governance') AND engine LIKE '%MergeTree%'
ORDER BY table
"""

_INPUTS = (Topic.RAW, Topic.CONSENT)


@dataclass(frozen=True, slots=True)
class TableSize:
    table: str
    rows: int
    bytes: int
    parts: int


def table_sizes(client: Client) -> tuple[TableSize, ...]:
    """Rows (repeats included), bytes on disk and active parts of each table."""
    return tuple(TableSize(*row) for row in client.query(_TABLES).result_rows)


def group_lags(admin: AdminClient, settings: Settings) -> dict[str, tuple[Lag, ...]]:
    """By consumer group, how far it is behind the topics it reads; empty if Kafka cannot say."""
    found: dict[str, tuple[Lag, ...]] = {}
    for group, topics in (
        (settings.worker_group, _INPUTS),
        (settings.loader_group, LOADED_TOPICS),
    ):
        ends = {
            topic: end_offsets(settings, topic, partitions_of(admin, topic)) for topic in topics
        }
        try:
            found[group] = lags(admin, group, ends)
        except Retry:
            found[group] = ()
    return found


def policy_in_force(settings: Settings) -> Agreed | None:
    """The policy in force by the files; None where the settings name nobody's key, so that nothing
    can be said of it. ``SettingsError`` where none is signed as it must be."""
    if not (settings.employer_public_key or settings.employees_public_key):
        return None
    return agreed_policy(settings)


def to_json(
    policy: Agreed | None,
    groups: dict[str, tuple[Lag, ...]],
    tables: tuple[TableSize, ...] | None,
) -> dict[str, Any]:
    """All of it, as plain values; None where it was not asked for."""
    return {
        "policy": agreed_json(policy) if policy else None,
        "lags": [
            {
                "group": group,
                "topic": lag.topic.value,
                "partition": lag.partition,
                "committed": lag.committed,
                "end": lag.end,
                "lag_messages": lag.messages,
            }
            for group, found in groups.items()
            for lag in found
        ],
        "tables": None
        if tables is None
        else [
            {"table": t.table, "rows": t.rows, "bytes": t.bytes, "parts": t.parts} for t in tables
        ],
    }
