"""What only a ClickHouse server can show: the access migration applied, row policies, quotas,
profiles and logins. Needs an administrator of an empty one:

    CLICKHOUSE_TEST_URL=http://127.0.0.1:8123 pytest -m clickhouse_server
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from events.settings import Settings
from sinks.migrate import has_users, recorded
from sinks.prepare import prepare
from sinks.prove import prove
from sinks.query import ask
from sinks.rights import OBJECTS, ROLES, may
from sinks.views import DEFINERS
from sinks.warehouse import Warehouse, open_warehouse
from tests.sinks.made import org, run_of
from tests.sinks.test_identity import insert

URL = os.environ.get("CLICKHOUSE_TEST_URL", "")

pytestmark = [
    pytest.mark.clickhouse_server,
    pytest.mark.skipif(
        not URL,
        reason="needs a ClickHouse server with access management: no package carries one, and the "
        "embedded engine keeps no users; name one in CLICKHOUSE_TEST_URL",
    ),
]

DENIED = 497


@pytest.fixture(scope="module")
def admin() -> Iterator[Warehouse]:
    """An administrator's client, with the tables made, and a user ``t_ROLE`` of each role."""
    with open_warehouse(Settings(clickhouse_url=URL)) as opened:
        prepare(opened.client, Settings())
        for role in ROLES:
            opened.client.command(f"CREATE USER OR REPLACE t_{role} DEFAULT ROLE {role}")
            opened.client.command(f"GRANT {role} TO t_{role}")
        with _as("loader") as loading:
            insert(loading.client, run_of(org(people=12, batches_each=3)))
        yield opened
        for role in ROLES:
            opened.client.command(f"DROP USER t_{role}")


def _as(role: str) -> Any:
    return open_warehouse(Settings(clickhouse_url=URL, clickhouse_user=f"t_{role}"))


def _code(warehouse: Warehouse, sql: str) -> int:
    try:
        warehouse.client.command(sql)
    except DatabaseError as error:
        return error.code or -1
    return 0


def test_the_migration_was_applied(admin: Warehouse) -> None:
    assert {record.lacking for record in recorded(admin.client).values()} == {""}
    assert has_users(admin.client)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_reads_what_it_may_and_nothing_else(admin: Warehouse, role: str) -> None:
    with _as(role) as warehouse:
        for thing in OBJECTS:
            code = _code(warehouse, f"SELECT * FROM {thing} LIMIT 1 FORMAT Null")
            assert code == (0 if may(role, "SELECT", thing) else DENIED), thing


def test_an_administrator_sees_no_rows_of_people(admin: Warehouse) -> None:
    for table in ("training.interactions", "analytics.window_partials", "governance.consent_log"):
        assert admin.client.command(f"SELECT count() FROM {table}") == 0
    with _as("trainer") as warehouse:
        assert warehouse.client.command("SELECT count() > 0 FROM training.interactions") == 1


def test_views_show_through_the_policies(admin: Warehouse) -> None:
    with _as("analyst") as warehouse:
        assert ask(warehouse, "SELECT people FROM analytics.team_hours").cells == ((12,),)
    with _as("officer") as warehouse:
        checks, _ = prove(warehouse.client, Settings())
        assert all(check.ok for check in checks)


@pytest.mark.parametrize("role", ["analyst", "trainer", "officer"])
def test_a_readers_profile_cannot_be_left(admin: Warehouse, role: str) -> None:
    with _as(role) as warehouse:
        assert warehouse.client.command("SELECT getSetting('readonly')") == 2
        for change in ("readonly = 0", "allow_ddl = 1", "max_execution_time = 100000"):
            assert _code(warehouse, f"SELECT 1 SETTINGS {change}") != 0


def test_an_analysts_questions_are_counted(admin: Warehouse) -> None:
    with _as("analyst") as warehouse:
        found = warehouse.client.query(
            "SELECT max_queries FROM system.quota_usage WHERE quota_name = 'glasshouse_analysts'"
        ).result_rows
    assert [tuple(row) for row in found] == [(500,)]


@pytest.mark.parametrize("user", DEFINERS)
def test_nobody_can_log_in_as_the_user_of_a_view(admin: Warehouse, user: str) -> None:
    with (
        pytest.raises(Exception, match="refused the user or password"),
        open_warehouse(Settings(clickhouse_url=URL, clickhouse_user=user)),
    ):
        pass
