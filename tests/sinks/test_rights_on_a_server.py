"""What only a ClickHouse server can show: the access migration applied, row policies, quotas,
profiles and logins. Needs Docker with the server's image, or an administrator of an empty server:

    CLICKHOUSE_TEST_URL=http://127.0.0.1:8123 pytest -m clickhouse_server
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from pydantic import SecretStr

from deploy.doctor.clickhouse_rights import check_rights
from events.settings import Settings
from sinks.migrate import has_users, recorded
from sinks.prepare import prepare
from sinks.prove import prove
from sinks.query import ask
from sinks.reports import make_all
from sinks.rights import OBJECTS, ROLES, may
from sinks.users import set_passwords, user_of
from sinks.views import DEFINERS
from sinks.warehouse import Warehouse, open_warehouse
from tests.containers.clickhouse_server import forget
from tests.kit.access import OF_PEOPLE
from tests.kit.agreed import agreed
from tests.sinks.made import org, run_of
from tests.sinks.test_identity import insert
from tests.sinks.test_rights import asked

pytestmark = pytest.mark.clickhouse_server

DENIED = 497
PASSWORD = secrets.token_hex(12)


@pytest.fixture(scope="module")
def admin(clickhouse_server: Settings) -> Iterator[Warehouse]:
    """An administrator's client, with the tables made, and a user of each role."""
    with open_warehouse(clickhouse_server) as opened:
        forget(opened.client)
        prepare(opened.client, Settings(**agreed()))
        set_passwords(opened.client, dict.fromkeys(ROLES, PASSWORD))
        with _as(clickhouse_server, "loader") as loading:
            insert(loading.client, run_of(org(people=12, batches_each=3)))
            make_all(loading.client)
        yield opened
        forget(opened.client)


@pytest.fixture
def as_role(admin: Warehouse, clickhouse_server: Settings) -> Callable[[str], Any]:
    """Opens the warehouse as a user with that role alone."""
    return lambda role: _as(clickhouse_server, role)


def _as(server: Settings, role: str) -> Any:
    user = {"clickhouse_user": user_of(role), "clickhouse_password": SecretStr(PASSWORD)}
    return open_warehouse(server.model_copy(update=user))


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
def test_each_role_reads_what_it_may_and_nothing_else(
    as_role: Callable[[str], Any], role: str
) -> None:
    with as_role(role) as warehouse:
        for thing in OBJECTS:
            code = _code(warehouse, f"SELECT * FROM {asked(thing)} LIMIT 1 FORMAT Null")
            assert code == (0 if may(role, "SELECT", thing) else DENIED), thing


def test_the_doctor_finds_no_right_that_is_not_declared(admin: Warehouse) -> None:
    assert [finding for finding in check_rights(admin.client) if not finding.ok] == []


def test_an_administrator_sees_no_rows_of_people(
    admin: Warehouse, as_role: Callable[[str], Any]
) -> None:
    for table in OF_PEOPLE:
        assert admin.client.command(f"SELECT count() FROM {table}") == 0
    with as_role("trainer") as warehouse:
        assert warehouse.client.command("SELECT count() > 0 FROM training.interactions") == 1


def test_views_show_through_the_policies(admin: Warehouse, as_role: Callable[[str], Any]) -> None:
    with as_role("analyst") as warehouse:
        assert ask(warehouse, "SELECT people FROM analytics.team_hours").cells == ((10,),)
    with as_role("officer") as warehouse:
        checks, _ = prove(warehouse.client, Settings())
        assert all(check.ok for check in checks)


@pytest.mark.parametrize("role", ["analyst", "trainer", "officer"])
def test_a_readers_profile_cannot_be_left(as_role: Callable[[str], Any], role: str) -> None:
    with as_role(role) as warehouse:
        assert warehouse.client.command("SELECT getSetting('readonly')") == 2
        for change in ("readonly = 0", "allow_ddl = 1", "max_execution_time = 100000"):
            assert _code(warehouse, f"SELECT 1 SETTINGS {change}") != 0


def test_an_analysts_questions_are_counted(admin: Warehouse, as_role: Callable[[str], Any]) -> None:
    with as_role("analyst") as warehouse:
        found = warehouse.client.query(
            "SELECT max_queries FROM system.quota_usage WHERE quota_name = 'glasshouse_analysts'"
        ).result_rows
    assert [tuple(row) for row in found] == [(500,)]


@pytest.mark.parametrize("user", DEFINERS)
def test_nobody_can_log_in_as_the_user_of_a_view(
    admin: Warehouse, clickhouse_server: Settings, user: str
) -> None:
    with (
        pytest.raises(Exception, match="refused the user or password"),
        open_warehouse(clickhouse_server.model_copy(update={"clickhouse_user": user})),
    ):
        pass
