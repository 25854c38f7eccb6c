"""The same migrations on a cluster.

No package carries a ClickHouse server, so two things are shown apart. Every statement that a
cluster would get is parsed by the engine, and its engines' arguments are taken by it (with a
coordination service in memory, on which nothing can be stored). And with ON CLUSTER and replication
taken off, the whole runs on a cluster whose one shard is the engine itself: rows go in and out
through the Distributed tables, under the roles' own rights. Not shown: several nodes, replication.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from events.errors import SettingsError
from events.policy import BUNDLED_POLICY, load_policy
from events.settings import Settings
from sinks.insert import INSERT_SETTINGS
from sinks.limits import apply_policy, retention_days
from sinks.migrate import _LEDGER, bundled_migrations, migrate
from sinks.prepare import placement_of
from sinks.prove import prove
from sinks.query import ask
from sinks.reports import make_all
from sinks.rights import RIGHTS, ROLES, TABLES, cluster_rights, may
from sinks.shards import SHARDED, holder, spread
from sinks.sql import Placement
from sinks.views import DEFINERS, create_views, view_statements
from sinks.warehouse import Warehouse, open_warehouse
from tests.kit.access import (
    ADMINISTRATOR,
    NOBODY,
    OF_PEOPLE,
    access_statements,
    grants,
    write_config,
)
from tests.kit.clickhouse_process import ClickHouseOverHttp
from tests.sinks.made import org, run_of
from tests.sinks.test_identity import insert

CLUSTER = "main"
ON_CLUSTER = f" ON CLUSTER '{CLUSTER}'"
PLACEMENT = Placement(CLUSTER)
DENIED = 497
RUN = run_of(org(people=12, batches_each=3))


def every_statement() -> list[str]:
    """All that ``migrate`` runs on a cluster, the policy's limits aside."""
    files = bundled_migrations()
    migrations = [each for file in files for each in PLACEMENT.statements(file.text)]
    ledger = [PLACEMENT.resolve(each) for each in _LEDGER]
    return [*ledger, *migrations, *view_statements(PLACEMENT, has_users=True)]


def engines() -> dict[str, str]:
    """By table, the engine with its arguments."""
    made = re.compile(r"CREATE TABLE IF NOT EXISTS ([\w.]+) .*?ENGINE = (\w+\([^)]*\))", re.DOTALL)
    return {found[1]: found[2] for each in every_statement() if (found := made.match(each))}


# What is said to a cluster.


def test_every_statement_is_for_the_whole_cluster_and_has_no_gap_left() -> None:
    for statement in every_statement():
        assert ON_CLUSTER in statement
        assert not re.search(r"\{(on_cluster|replicated)\}", statement)


def test_every_tables_rows_are_replicated_each_under_a_path_of_its_own() -> None:
    found = engines()
    paths = {}
    for table in TABLES:
        engine = found.pop(PLACEMENT.holder(table))
        paths[table], replica = re.findall(r"'([^']*)'", engine)
        assert engine.startswith("Replicated")
        assert ("{shard}" in paths[table]) == (table in SHARDED)
        assert replica == ("{replica}" if table in SHARDED else "{shard}-{replica}")
    assert len(set(paths.values())) == len(TABLES)
    assert all(engine.startswith("Distributed('main'") for engine in found.values())


def test_a_row_and_its_repeat_are_on_one_shard_since_the_shard_is_part_of_the_sort_key() -> None:
    for table, key in SHARDED.items():
        (text,) = (
            each
            for each in every_statement()
            if each.startswith(f"CREATE TABLE IF NOT EXISTS {holder(table)} ")
        )
        order = re.search(r"ORDER BY \(([^)]*)\)", text)
        assert order is not None and key in order[1].split(", ")
        assert engines()[table].endswith(f", {key})")


def test_no_table_that_the_views_of_groups_read_is_sharded() -> None:
    assert not SHARDED.keys() & set(DEFINERS["glasshouse_views"])


def test_a_statement_nobody_thought_of_is_not_run_on_a_cluster() -> None:
    with pytest.raises(ValueError, match="is not decided"):
        spread("OPTIMIZE TABLE training.interactions", CLUSTER)


def test_a_new_column_comes_to_the_shards_before_the_table_over_them() -> None:
    text = "ALTER TABLE training.interactions{on_cluster} ADD COLUMN IF NOT EXISTS a UInt8;\n"
    assert PLACEMENT.statements(text) == [
        f"ALTER TABLE training.interactions{part}{ON_CLUSTER} ADD COLUMN IF NOT EXISTS a UInt8"
        for part in ("_local", "")
    ]


def test_a_cluster_grants_what_is_declared_and_nothing_else() -> None:
    found = set()
    for principal, grant in grants(PLACEMENT):
        parts = re.fullmatch(rf"GRANT{ON_CLUSTER} (.+) ON (\S+)", grant)
        assert parts is not None
        for privilege, columns in re.findall(r"([A-Z ]+[A-Z])(?:\(([^)]*)\))?(?:, |$)", parts[1]):
            names = tuple(columns.split(", ")) if columns else ()
            found.add((principal, privilege, parts[2], names))
    declared = cluster_rights()
    assert found == {(r.principal, r.privilege, r.scope, r.columns) for r in declared}
    assert {right.scope for right in declared - RIGHTS} == {holder(table) for table in SHARDED}


def test_rows_of_people_are_hidden_where_they_are() -> None:
    policies = [each for each in access_statements(PLACEMENT) if " ROW POLICY " in each]
    about = Counter(re.findall(r" ON ([a-z_.]+) (?:AS|FOR)", "\n".join(policies)))
    assert about.keys() == {PLACEMENT.holder(table) for table in OF_PEOPLE}
    assert about.total() == len(policies)
    assert min(about.values()) == 2  # who sees rows, and that nobody else does


def test_an_insert_is_answered_once_most_replicas_of_its_shards_have_it() -> None:
    assert INSERT_SETTINGS["insert_quorum"] == "auto"
    assert INSERT_SETTINGS["distributed_foreground_insert"] == 1


def test_the_embedded_engine_is_no_cluster() -> None:
    assert placement_of(Settings(clickhouse_url="http://a:1", clickhouse_cluster="main")).cluster
    with pytest.raises(SettingsError, match="clickhouse_cluster: needs a clickhouse_url"):
        placement_of(Settings(clickhouse_cluster="main"))


# What the engine makes of it.


class OneNode:
    """A client whose commands are for this node alone; ``replicated`` says whether tables are."""

    def __init__(self, client: Any, replicated: bool = False) -> None:
        self._client = client
        self._replicated = replicated

    def command(self, sql: str, **more: Any) -> Any:
        sql = sql.replace(ON_CLUSTER, "")
        if not self._replicated:
            sql = re.sub(r"Replicated(\w+)\('[^']*', '[^']*'(?:, )?", r"\1(", sql)
        return self._client.command(sql, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseOverHttp]:
    """A cluster of one node, with the roles' rights on a cluster, filled by a loader, twice."""
    folder = tmp_path_factory.mktemp("cluster")
    users = [f"{role}::{role}" for role in (*ROLES, NOBODY, ADMINISTRATOR)]
    config = write_config(folder, cluster=CLUSTER)
    with ClickHouseOverHttp(folder / "data", config, users) as started:
        with as_(ADMINISTRATOR, started) as made:
            client: Any = OneNode(made.client)
            migrate(client, placement=PLACEMENT)
            create_views(client, PLACEMENT, has_users=True)
            apply_policy(client, load_policy(BUNDLED_POLICY), PLACEMENT)
        with as_("loader", started) as loading:
            insert(loading.client, RUN)
            insert(loading.client, RUN)
            make_all(loading.client)
        yield started


def as_(user: str, server: ClickHouseOverHttp) -> Any:
    return open_warehouse(Settings(clickhouse_url=server.url, clickhouse_user=user))


def code_of(warehouse: Warehouse, sql: str) -> int:
    try:
        warehouse.client.command(sql)
    except DatabaseError as error:
        return error.code or -1
    return 0


@pytest.mark.service
def test_the_engine_can_parse_all_that_is_said_to_a_cluster(server: ClickHouseOverHttp) -> None:
    with as_(ADMINISTRATOR, server) as warehouse:
        for statement in every_statement():
            warehouse.client.command(f"EXPLAIN AST {statement}")


@pytest.mark.service
def test_rows_are_in_the_shards_and_seen_once_through_the_table_over_them(
    server: ClickHouseOverHttp,
) -> None:
    with as_("trainer", server) as warehouse:
        once, twice = (
            warehouse.client.command(f"SELECT count() FROM {asked}")
            for asked in ("training.interactions FINAL", "training.interactions_local")
        )
    assert once > 0
    assert twice == 2 * once


@pytest.mark.service
def test_the_books_hold_on_a_cluster_and_count_what_waits_to_be_merged(
    server: ClickHouseOverHttp,
) -> None:
    with as_("officer", server) as warehouse:
        checks, unmerged = prove(warehouse.client, Settings())
    assert [check.name for check in checks if not check.ok] == []
    assert all(count > 0 for count in unmerged.values())


@pytest.mark.service
def test_analysts_see_groups_on_a_cluster(server: ClickHouseOverHttp) -> None:
    with as_("analyst", server) as warehouse:
        answer = ask(warehouse, "SELECT team, people FROM analytics.team_hours")
    assert answer.cells == (("team-a", 10),)


@pytest.mark.service
@pytest.mark.parametrize("role", [*ROLES, NOBODY])
def test_only_who_is_declared_reads_a_shard(server: ClickHouseOverHttp, role: str) -> None:
    with as_(role, server) as warehouse:
        for table in SHARDED:
            for name in (table, holder(table)):
                code = code_of(warehouse, f"SELECT * FROM {name} LIMIT 1 FORMAT Null")
                assert code == (0 if may(role, "SELECT", table) else DENIED)


@pytest.mark.service
def test_retention_is_set_where_the_rows_are(server: ClickHouseOverHttp) -> None:
    policy = load_policy(BUNDLED_POLICY)
    with as_(ADMINISTRATOR, server) as warehouse:
        for table, days in retention_days(policy).items():
            created = warehouse.client.command(f"SHOW CREATE TABLE {PLACEMENT.holder(table)}")
            assert f"toIntervalDay({days})" in str(created)


@pytest.mark.service
def test_migrating_again_changes_nothing_on_a_cluster(server: ClickHouseOverHttp) -> None:
    with as_(ADMINISTRATOR, server) as warehouse:
        client: Any = OneNode(warehouse.client)
        assert migrate(client, placement=PLACEMENT) == ()
        create_views(client, PLACEMENT, has_users=True)
        apply_policy(client, load_policy(BUNDLED_POLICY), PLACEMENT)


@pytest.mark.service
def test_the_engine_takes_the_replicated_tables(tmp_path: Path) -> None:
    keeper = "<implementation>testkeeper</implementation><node><host>none</host></node>"
    config = tmp_path / "config.xml"
    config.write_text(
        f"<clickhouse><zookeeper>{keeper}</zookeeper>"
        "<macros><shard>1</shard><replica>a</replica></macros></clickhouse>"
    )
    with (
        ClickHouseOverHttp(tmp_path / "data", config) as started,
        open_warehouse(Settings(clickhouse_url=started.url)) as warehouse,
    ):
        client = OneNode(warehouse.client, replicated=True)
        for statement in every_statement():
            if statement.startswith(("CREATE DATABASE", "CREATE TABLE")) and (
                "Distributed" not in statement
            ):
                client.command(statement)
        found = warehouse.client.query("SELECT database || '.' || table FROM system.replicas")
    assert {row[0] for row in found.result_rows} == {PLACEMENT.holder(table) for table in TABLES}
