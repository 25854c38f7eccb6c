"""Every principal tries everything on every object; what is not declared is refused.

The roles are those of the migration, enforced by the engine itself; the endpoint that says which
role a client has is ours (``tests/kit``). What only a server can show is marked
``clickhouse_server``."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from events.policy import BUNDLED_POLICY, load_policy
from events.settings import Settings
from sinks.limits import apply_policy
from sinks.migrate import bundled_migrations, has_users, is_migrated, migrate, passed_over, recorded
from sinks.prepare import require_tables
from sinks.prove import prove
from sinks.query import ask, ask_json
from sinks.reports import make_all
from sinks.rights import LOADED, OBJECTS, PURPOSE_DATABASES, RIGHTS, ROLES, TABLES, Privilege, may
from sinks.sql import Placement
from sinks.views import (
    COUNT_VIEWS,
    DEFINERS,
    DUE_REPORTS,
    GROUP_VIEWS,
    MAKER_VIEWS,
    create_views,
    view_statements,
)
from sinks.warehouse import Warehouse, open_warehouse
from tests.kit.access import (
    ADMINISTRATOR,
    NOBODY,
    OF_PEOPLE,
    PROFILE,
    access_statements,
    grants,
    write_config,
)
from tests.kit.clickhouse_process import ClickHouseOverHttp
from tests.sinks.made import org, run_of
from tests.sinks.test_identity import insert

DENIED = 497
PRINCIPALS = (*ROLES, NOBODY)
RUN = run_of(org(people=12, batches_each=3))


# What is declared.


def test_the_migration_grants_what_is_declared_and_nothing_else() -> None:
    found = set()
    for principal, grant in grants():
        privileges, scope = re.fullmatch(r"GRANT (.+) ON (\S+)", grant).groups()  # type: ignore[union-attr]
        for privilege, columns in re.findall(r"([A-Z ]+[A-Z])(?:\(([^)]*)\))?(?:, |$)", privileges):
            names = tuple(columns.split(", ")) if columns else ()
            found.add((principal, privilege, scope, names))
    assert found == {(r.principal, r.privilege, r.scope, r.columns) for r in RIGHTS}


@pytest.mark.parametrize("principal", [*ROLES, *DEFINERS])
def test_no_principal_reads_two_purposes(principal: str) -> None:
    read = {
        right.scope.partition(".")[0]
        for right in RIGHTS
        if right.principal == principal
        and right.privilege == "SELECT"
        and right.scope != "analytics.group_limit"  # one number, of nobody
        and not right.scope.endswith(".erased_people")  # of whom there is nothing
    }
    assert len(read & set(PURPOSE_DATABASES)) <= 1


def test_who_adds_rows_reads_none_and_who_reads_changes_nothing() -> None:
    for right in RIGHTS:
        if right.principal in ("analyst", "trainer", "officer", *DEFINERS):
            assert right.privilege == "SELECT"
    reads = {thing for thing in OBJECTS if may("loader", "SELECT", thing)}
    assert reads == {f"analytics.{view}" for view in MAKER_VIEWS}, "figures of k people or more"
    of_the_program = ("governance.migrations", "governance.retention", "analytics.group_limit")
    events = [table for table in TABLES if table not in of_the_program]
    assert not any(may("migrator", read, each) for each in events for read in ("SELECT", "INSERT"))


def test_every_table_and_view_is_in_the_matrix() -> None:
    made = re.compile(r"CREATE (?:TABLE IF NOT EXISTS|OR REPLACE VIEW) ([a-z_0-9.]+)")
    texts = [each.text for each in bundled_migrations()]
    texts += view_statements(Placement(), has_users=True)
    found = {name for text in texts for name in made.findall(text)}
    assert {*found, "governance.migrations"} == set(OBJECTS)


def test_every_table_the_loader_fills_is_one_it_may_fill() -> None:
    from sinks.decode import TABLES as FILLED

    assert set(FILLED) == set(LOADED)


def test_a_view_is_read_with_the_rights_of_a_user_that_nobody_is() -> None:
    for statement in view_statements(Placement(), has_users=True):
        definer = re.search(r"DEFINER = (\w+) SQL SECURITY DEFINER", statement)
        assert definer is not None and definer[1] in DEFINERS
    users = [each for each in access_statements() if each.startswith("CREATE USER")]
    assert len(users) == len(DEFINERS)
    assert all(each.endswith("HOST NONE") for each in users)


def test_rows_of_people_show_to_their_readers_alone() -> None:
    for table in OF_PEOPLE:
        shown = _readers(rf"CREATE ROW POLICY .* ON {table} FOR SELECT USING 1 TO (.+)")
        spared = _readers(
            rf"(?:CREATE|ALTER) ROW POLICY .* ON {table} (?:AS RESTRICTIVE )?FOR SELECT USING 0 "
            r"TO ALL EXCEPT (.+)"
        )
        may_read = {each for each in (*ROLES, *DEFINERS) if may(each, "SELECT", table)}
        assert set().union(*shown) == spared[-1] == may_read


def _readers(pattern: str) -> list[set[str]]:
    """In the order of the migrations."""
    found = [match[1] for each in access_statements() if (match := re.fullmatch(pattern, each))]
    return [set(each.split(", ")) for each in found]


# What the engine makes of it.


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseOverHttp]:
    """Each role of the migration is a user without a password, which has that role."""
    folder = tmp_path_factory.mktemp("rights")
    users = [f"{role}::{role}" for role in (*PRINCIPALS, ADMINISTRATOR)]
    with ClickHouseOverHttp(folder / "data", write_config(folder), users) as started:
        with _as("migrator", started) as made:
            migrate(made.client)
            create_views(made.client, Placement(), has_users=True)
            apply_policy(made.client, load_policy(BUNDLED_POLICY))
        with _as("loader", started) as loading:
            insert(loading.client, RUN)
            make_all(loading.client)
        yield started


def _as(user: str, server: ClickHouseOverHttp) -> Any:
    return open_warehouse(Settings(clickhouse_url=server.url, clickhouse_user=user))


@pytest.fixture(scope="module", params=PRINCIPALS)
def somebody(
    request: pytest.FixtureRequest, server: ClickHouseOverHttp
) -> Iterator[tuple[str, Warehouse]]:
    with _as(request.param, server) as opened:
        yield request.param, opened


ASKED = (
    *(each for each in get_args(Privilege) if each != "SET DEFINER"),
    "DROP TABLE",
    "TRUNCATE",
    "OPTIMIZE",
    "ALTER UPDATE",
    "ALTER DELETE",
    "ALTER DROP COLUMN",
    "CREATE DICTIONARY",
    "SYSTEM MERGES",
    "BACKUP",
)


@pytest.mark.service
@pytest.mark.parametrize("thing", OBJECTS)
def test_a_principal_has_exactly_the_declared_rights_on_an_object(
    somebody: tuple[str, Warehouse], thing: str
) -> None:
    principal, warehouse = somebody
    has = {
        privilege
        for privilege in ASKED
        if warehouse.client.command(f"CHECK GRANT {privilege} ON {_scope(privilege, thing)}") == 1
    }
    assert has == {privilege for privilege in ASKED if may(principal, privilege, thing)}


def asked(thing: str) -> str:
    """How ``thing`` is named in FROM: a draft is asked for a unit."""
    is_draft = thing.partition(".")[2] in set(MAKER_VIEWS) - {DUE_REPORTS}
    return f"{thing}(unit = 0)" if is_draft else thing


def _scope(privilege: str, thing: str) -> str:
    return f"{thing.partition('.')[0]}.*" if "DATABASE" in privilege else thing


def _code(warehouse: Warehouse, sql: str) -> int:
    try:
        warehouse.client.command(sql)
    except DatabaseError as error:
        return error.code or -1
    return 0


@pytest.mark.service
@pytest.mark.parametrize("thing", OBJECTS)
def test_reading_and_adding_work_where_they_are_allowed_and_nowhere_else(
    somebody: tuple[str, Warehouse], thing: str
) -> None:
    principal, warehouse = somebody
    read = _code(warehouse, f"SELECT * FROM {asked(thing)} LIMIT 1 FORMAT Null")
    assert read == (0 if may(principal, "SELECT", thing) else DENIED)
    if not may(principal, "INSERT", thing):
        assert _code(warehouse, f"INSERT INTO {thing} VALUES ()") in (DENIED, 62, 48)


#: Wherever in ClickHouse a pause leaves a trace.
PAUSES = (
    "SELECT pseudonym, at FROM governance.consent_log WHERE action IN ('pause', 'resume')",
    "SELECT count() FROM governance.consent_log WHERE action = 'pause'",
    "SELECT batch, withheld['paused'] FROM governance.accounting",
    "SELECT withheld['paused'] FROM governance.accounting_chain",
)


@pytest.mark.service
@pytest.mark.parametrize("question", PAUSES)
def test_nobody_but_an_officer_can_read_who_paused(
    somebody: tuple[str, Warehouse], question: str
) -> None:
    """Neither the roles that a manager may be given nor a user without any."""
    principal, warehouse = somebody
    assert _code(warehouse, f"{question} FORMAT Null") == (0 if principal == "officer" else DENIED)


def test_no_view_that_an_analyst_reads_says_what_was_withheld() -> None:
    for statement in view_statements(Placement(), has_users=True):
        if "analytics." in statement.partition(" AS")[0]:
            assert not re.search(r"withheld|paused|consent|accounting", statement)


FORBIDDEN = (
    "CREATE USER thief",
    "CREATE ROLE thief",
    "GRANT SELECT ON *.* TO analyst",
    "CREATE DATABASE elsewhere",
    "CREATE TABLE training.copy ENGINE = Memory AS SELECT * FROM training.interactions",
    "CREATE TEMPORARY TABLE copy AS SELECT * FROM training.interactions",
    "CREATE VIEW analytics.all DEFINER = default SQL SECURITY DEFINER "
    "AS SELECT * FROM training.interactions",
    "CREATE VIEW analytics.none SQL SECURITY NONE AS SELECT * FROM training.interactions",
    "CREATE MATERIALIZED VIEW training.tap ENGINE = Memory AS SELECT * FROM training.interactions",
    "SELECT * FROM merge('analytics', '^window_partials$')",
    "SELECT * FROM file('/etc/hostname', 'LineAsString', 'line String')",
    "SELECT * FROM remote('127.0.0.1', 'training.interactions')",
    "SELECT * FROM mergeTreeIndex('analytics', 'window_partials')",
    "DROP TABLE training.interactions",
    "TRUNCATE TABLE governance.accounting",
    "ALTER TABLE training.interactions DELETE WHERE 1",
    "ALTER TABLE governance.accounting UPDATE passed_count = 0 WHERE 1",
    "RENAME TABLE training.interactions TO training.gone",
    "DETACH TABLE training.interactions",
    "SYSTEM STOP MERGES training.interactions",
    "SELECT name FROM system.users",
    "BACKUP TABLE training.interactions TO File('/tmp/backup')",
)


#: What is a custodian's own way to the rows of one purpose, and nobody else's.
OWN_WAYS = {
    "ALTER TABLE training.interactions DELETE WHERE 1": "training_custodian",
    "SELECT * FROM merge('analytics', '^window_partials$')": "analytics_custodian",
    "SELECT * FROM mergeTreeIndex('analytics', 'window_partials')": "analytics_custodian",
}


@pytest.mark.service
@pytest.mark.parametrize("sql", FORBIDDEN)
def test_nobody_has_a_way_around(somebody: tuple[str, Warehouse], sql: str) -> None:
    principal, warehouse = somebody
    if OWN_WAYS.get(sql) != principal:
        assert _code(warehouse, sql) in (DENIED, *_NOT_EVEN_SEEN)


def test_a_custodian_deletes_and_reads_the_rows_of_one_purpose_alone() -> None:
    for role, own in (
        ("training_custodian", "training.interactions"),
        ("analytics_custodian", "analytics.window_partials"),
    ):
        for table in ("training.interactions", "analytics.window_partials"):
            assert may(role, "ALTER DELETE", table) == may(role, "SELECT", table) == (table == own)


#: Unknown table, unknown database: to somebody without rights a table is not there.
_NOT_EVEN_SEEN = (60, 81, 636)


@pytest.mark.service
def test_each_does_its_work_with_its_rights(server: ClickHouseOverHttp) -> None:
    with _as("analyst", server) as warehouse:
        assert ask(warehouse, "SELECT team, people FROM analytics.team_hours").cells == (
            ("team-a", 10),
        )
    with _as("trainer", server) as warehouse:
        assert int(str(ask(warehouse, "SELECT count() FROM training.interactions").cells[0][0])) > 0
    with _as("officer", server) as warehouse:
        require_tables(warehouse.client)
        checks, _ = prove(warehouse.client, Settings())
        assert [check.name for check in checks if not check.ok] == []
    with _as("loader", server) as warehouse:
        assert is_migrated(warehouse.client)


@pytest.mark.service
def test_the_migrator_may_migrate_again_and_make_the_views_anew(server: ClickHouseOverHttp) -> None:
    with _as("migrator", server) as warehouse:
        assert migrate(warehouse.client) == ()
        create_views(warehouse.client, Placement(), has_users=True)


@pytest.mark.service
def test_an_engine_without_access_storage_passes_the_migration_over_and_says_so(
    server: ClickHouseOverHttp,
) -> None:
    with _as(ADMINISTRATOR, server) as warehouse:
        assert migrate(warehouse.client) == ()
        lacking = {record.lacking for record in recorded(warehouse.client).values()}
        assert lacking == {"", "access management"}
        assert passed_over(warehouse.client) == {
            "0004_access": "access management",
            "0006_chain_rights": "access management",
            "0012_audit_rights": "access management",
            "0013_report_rights": "access management",
            "0015_erasure_rights": "access management",
        }
        assert not has_users(warehouse.client)


@pytest.mark.service
@pytest.mark.parametrize("cluster", ["", "main"])
def test_the_engine_can_parse_every_statement_of_the_migration(
    server: ClickHouseOverHttp, cluster: str
) -> None:
    with _as(ADMINISTRATOR, server) as warehouse:
        parsed = [
            str(warehouse.client.command(f"EXPLAIN AST {statement}")).split()[0]
            for statement in access_statements(Placement(cluster))
        ]
    assert {"CreateRoleQuery", "CreateUserQuery", "GrantQuery", "CREATE"} <= set(parsed)
    assert {"CreateSettingsProfileQuery", "CreateQuotaQuery"} <= set(parsed)
    with _as(ADMINISTRATOR, server) as warehouse, pytest.raises(DatabaseError, match="Syntax"):
        warehouse.client.command("EXPLAIN AST CREATE ROLE POLICY nonsense")


def test_the_names_of_views_are_those_that_are_made() -> None:
    made = list(view_statements(Placement(), has_users=False))
    assert len(made) == len(GROUP_VIEWS) + len(MAKER_VIEWS) + len(COUNT_VIEWS)
    assert all("DEFINER = CURRENT_USER" in each for each in made)


@pytest.fixture(scope="module")
def limited(
    server: ClickHouseOverHttp, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClickHouseOverHttp]:
    """A copy of the same tables, where every statement runs under the readers' profile."""
    folder = tmp_path_factory.mktemp("limited")
    server.kill()
    shutil.copytree(server.path, folder / "data", symlinks=True)
    server.start()
    users = [f"{role}::{role}" for role in PRINCIPALS]
    config = write_config(folder, PROFILE)
    with ClickHouseOverHttp(folder / "data", config, users) as started:
        yield started


@pytest.mark.service
def test_readers_work_under_their_profile(limited: ClickHouseOverHttp) -> None:
    with _as("analyst", limited) as warehouse:
        assert warehouse.client.command("SELECT getSetting('readonly')") == 2
        assert ask(warehouse, "SELECT people FROM analytics.team_hours").cells == ((10,),)
        assert b"".join(ask_json(warehouse, "SELECT people FROM analytics.team_hours"))
    with _as("officer", limited) as warehouse:
        require_tables(warehouse.client)
        assert all(check.ok for check in prove(warehouse.client, Settings())[0])


@pytest.mark.service
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("readonly = 0", 164),
        ("readonly = 1", 164),
        ("allow_ddl = 1", 392),
        ("max_execution_time = 3601", 452),
        ("max_execution_time = 0", 452),
        ("max_memory_usage = 0", 452),
        ("max_memory_usage = 16000000001", 452),
        ("max_threads = 9", 452),
        ("max_threads = 2", 0),
        ("max_execution_time = 3600", 0),
    ],
)
def test_no_reader_can_leave_the_profile(
    limited: ClickHouseOverHttp, change: str, code: int
) -> None:
    with _as("analyst", limited) as warehouse:
        assert _code(warehouse, f"SELECT 1 SETTINGS {change}") == code
