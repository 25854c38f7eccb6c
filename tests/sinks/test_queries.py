"""What ClickHouse says of who asked what is taken over once, and without a literal.

The log is the embedded engine's own (``system.query_log``), which has the columns of a server's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from events.policy import BUNDLED_POLICY, load_policy
from events.settings import Settings
from sinks.limits import apply_policy
from sinks.migrate import migrate
from sinks.prepare import require_tables
from sinks.queries import _COLLECT, TABLE, collect_queries, has_query_log
from sinks.rights import QUERY_LOG_COLUMNS
from sinks.sql import Placement
from sinks.views import create_views
from sinks.warehouse import open_warehouse
from tests.kit.access import ADMINISTRATOR, write_config
from tests.kit.clickhouse_process import ClickHouseOverHttp

pytestmark = pytest.mark.service

CANARY = "canary4711"
_LOG = (
    "<query_log><database>system</database><table>query_log</table>"
    "<flush_interval_milliseconds>100</flush_interval_milliseconds></query_log>"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseOverHttp]:
    """The engine behind HTTP, which keeps a log of queries; roles are its own."""
    folder = tmp_path_factory.mktemp("queries")
    config = write_config(folder)
    text = config.read_text(encoding="utf-8").replace("</clickhouse>", f"{_LOG}</clickhouse>")
    config.write_text(text, encoding="utf-8")
    roles = ("auditor", "officer", "trainer", ADMINISTRATOR)
    users = [f"{role}::{role}" for role in roles]
    with ClickHouseOverHttp(folder / "data", config, users) as started:
        with _as(ADMINISTRATOR, started) as made:
            migrate(made.client)
            create_views(made.client, Placement())
            apply_policy(made.client, load_policy(BUNDLED_POLICY))
        yield started


def _as(user: str, server: ClickHouseOverHttp) -> Any:
    return open_warehouse(Settings(clickhouse_url=server.url, clickhouse_user=user))


def ask(server: ClickHouseOverHttp, user: str, sql: str) -> int:
    """The error code, 0 for none."""
    with _as(user, server) as warehouse:
        try:
            warehouse.client.query(sql)
        except DatabaseError as error:
            return error.code or -1
    return 0


def flush(server: ClickHouseOverHttp) -> None:
    with _as(ADMINISTRATOR, server) as warehouse:
        warehouse.client.command("SYSTEM FLUSH LOGS")


def collected(server: ClickHouseOverHttp) -> list[dict[str, Any]]:
    with _as("officer", server) as warehouse:
        found = warehouse.client.query("SELECT * FROM governance.queries FINAL ORDER BY started_at")
        return [dict(zip(found.column_names, row, strict=True)) for row in found.result_rows]


def test_who_read_which_tables_and_columns_is_collected_once_and_without_a_literal(
    server: ClickHouseOverHttp,
) -> None:
    reads = "SELECT pseudonym, time FROM training.interactions WHERE application = '{}'"
    for value in (CANARY, "email"):
        assert ask(server, "trainer", reads.format(value)) == 0
    flush(server)
    with _as("auditor", server) as warehouse:
        require_tables(warehouse.client)
        assert has_query_log(warehouse.client)
        assert collect_queries(warehouse.client) > 0
    mine = [row for row in collected(server) if row["purposes"] == ["agent_training"]]
    selects = [row for row in mine if "training.interactions.pseudonym" in row["columns"]]
    assert len(selects) == 2
    for row in selects:
        assert row["tables"] == ["training.interactions"]
        assert (row["kind"], row["state"], row["exception_code"]) == ("Select", 2, 0)
        assert set(row["columns"]) == {
            f"training.interactions.{name}" for name in ("application", "pseudonym", "time")
        }
    assert len({row["query_hash"] for row in selects}) == 1, "equal but for the literal"
    assert CANARY not in str(collected(server))


def test_collecting_again_makes_no_second_one_of_any_and_takes_what_is_new(
    server: ClickHouseOverHttp,
) -> None:
    flush(server)
    with _as("auditor", server) as warehouse:
        collect_queries(warehouse.client)
        known = {row["query_id"] for row in collected(server)}
        assert len(known) == len(collected(server))
        for _ in range(2):
            collect_queries(warehouse.client)
        assert known <= {row["query_id"] for row in collected(server)}
        ids = [row["query_id"] for row in collected(server)]
        assert len(ids) == len(set(ids))
        assert ask(server, "trainer", "SELECT max(batch) FROM training.interactions") == 0
        flush(server)
        assert collect_queries(warehouse.client) > 0
    assert any("training.interactions.batch" in row["columns"] for row in collected(server))


def test_what_was_refused_is_collected_too(server: ClickHouseOverHttp) -> None:
    assert ask(server, "trainer", "SELECT * FROM analytics.window_partials") == 497
    flush(server)
    with _as("auditor", server) as warehouse:
        collect_queries(warehouse.client)
    assert 497 in {row["exception_code"] for row in collected(server)}


def test_the_collector_needs_no_more_than_the_auditor_is_granted_and_that_is_no_text(
    server: ClickHouseOverHttp,
) -> None:
    """The embedded engine shows its system tables to everybody, so that a column is refused to the
    auditor can be seen on a server only; what is granted is compared with the migration elsewhere.
    """
    with _as(ADMINISTRATOR, server) as warehouse:
        found = warehouse.client.query(
            "SELECT name FROM system.columns WHERE database = 'system' AND table = 'query_log'"
        ).result_rows
    there = {row[0] for row in found}
    texts = {"query", "formatted_query", "exception", "stack_trace", "log_comment", "Settings"}
    assert {"query", "exception"} <= there
    assert set(QUERY_LOG_COLUMNS) <= there - texts
    used = there & set(re.findall(r"\w+", _COLLECT.replace(TABLE, "")))
    assert used - texts == used <= set(QUERY_LOG_COLUMNS)


def test_an_engine_without_a_log_of_queries_says_so(tmp_path: Path) -> None:
    with open_warehouse(Settings(data_dir=tmp_path / "data")) as warehouse:
        assert not has_query_log(warehouse.client)
