"""Under which policies was anything judged? The accounting has the hash of each, and is chained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from events.policy_history import History
from events.settings import Settings

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

_HASHES = "SELECT DISTINCT policy_hash FROM governance.accounting ORDER BY policy_hash"


def strange_policies(settings: Settings, history: History) -> list[str]:
    """Hashes in the accounting that no version of ``history`` has: versions that were left out of
    it since, or policies from before any was signed. Raises as ``open_warehouse`` does."""
    from sinks.warehouse import open_warehouse

    with open_warehouse(settings) as warehouse:
        return unknown_hashes(warehouse.client, history)


def unknown_hashes(client: Client, history: History) -> list[str]:
    """The same, of an open client."""
    known = {agreed.policy.sha256 for agreed in history.versions}
    found = [str(row[0]) for row in client.query(_HASHES).result_rows]
    return [each for each in found if each not in known]
