"""Migrations, and the policy's limits in the tables."""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum
from typing import Any

import pytest

import sinks.migrate
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import Purpose
from events.vocabulary import Action, Origin, Role, Surface
from sinks.limits import apply_policy
from sinks.migrate import (
    Migration,
    MigrationError,
    Record,
    bundled_migrations,
    is_migrated,
    migrate,
    pending,
    recorded,
)
from sinks.sql import Placement, statements

WANTED = (Migration(1, "one", "SELECT 1;\n"), Migration(2, "two", "SELECT 2;\n"))


def test_what_is_not_applied_is_pending_in_order() -> None:
    assert pending(WANTED, {}) == WANTED
    assert pending(WANTED, {1: Record(WANTED[0].sha256)}) == WANTED[1:]
    assert pending(WANTED, {each.version: Record(each.sha256) for each in WANTED}) == ()


def test_what_was_passed_over_is_pending_once_the_server_has_what_it_needs() -> None:
    passed_over = {1: Record("0" * 64, "wings"), 2: Record(WANTED[1].sha256)}
    assert pending(WANTED, passed_over) == ()
    assert pending(WANTED, passed_over, frozenset({"fins"})) == ()
    assert pending(WANTED, passed_over, frozenset({"wings"})) == WANTED[:1]


def test_a_migration_says_in_its_first_line_what_it_needs() -> None:
    assert Migration(1, "one", "-- needs: wings\nSELECT 1;\n").needs == "wings"
    assert Migration(1, "one", "SELECT 1;\n-- needs: wings\n").needs == ""


@pytest.mark.parametrize(
    ("applied", "why"),
    [
        ({1: Record("0" * 64)}, r"0001_one\.sql was changed"),
        ({7: Record("0" * 64)}, "migration 0007, which this version"),
        ({2: Record(WANTED[1].sha256)}, r"0001_one\.sql is older"),
    ],
)
def test_a_changed_unknown_or_late_migration_is_refused(
    applied: dict[int, Record], why: str
) -> None:
    with pytest.raises(MigrationError, match=why):
        pending(WANTED, applied)


def test_statements_end_with_a_line_and_comments_are_left_out() -> None:
    text = "-- first; not a statement;\nSELECT ';'\n  AS a;\n\nSELECT 2 -- two\n;\n"
    assert statements(text) == ["SELECT ';'\n  AS a", "SELECT 2 -- two"]


def test_the_same_files_serve_a_cluster() -> None:
    for migration in bundled_migrations():
        for statement in statements(Placement("main").resolve(migration.text)):
            assert "ON CLUSTER 'main'" in statement
            assert ("ENGINE" in statement) == ("ENGINE = Replicated" in statement)
        assert "{" not in Placement().resolve(migration.text)


@pytest.mark.service
def test_migrating_again_changes_nothing_and_a_changed_file_is_refused(engine: Any) -> None:
    recorded = "SELECT * FROM governance.migrations ORDER BY version"
    before = engine.query(recorded).result_rows
    assert len(before) == len(bundled_migrations())
    assert migrate(engine) == ()
    assert engine.query(recorded).result_rows == before
    assert is_migrated(engine)
    first, *others = bundled_migrations()
    with pytest.raises(MigrationError, match="was changed"):
        migrate(engine, [replace(first, text=first.text + "\n"), *others])


@pytest.mark.service
def test_a_migration_waits_until_the_server_has_what_it_needs(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = "CREATE TABLE IF NOT EXISTS governance.flights{on_cluster} (n UInt8) ENGINE = Memory;"
    flying = Migration(9001, "flying", f"-- needs: wings\n{make}\n")
    wanted = [*bundled_migrations(), flying]
    exists = "EXISTS TABLE governance.flights"
    try:
        for has, applied in ((0, ()), (0, ()), (1, (flying,)), (1, ()), (0, ())):
            monkeypatch.setitem(sinks.migrate._CAPABILITIES, "wings", (f"SELECT {has}",))
            assert migrate(engine, wanted) == applied
            there = any(record.lacking == "" for v, record in recorded(engine).items() if v == 9001)
            assert there == engine.command(exists)
        assert engine.command(exists) == 1
    finally:
        engine.command("DROP TABLE IF EXISTS governance.flights")
        engine.command(
            "ALTER TABLE governance.migrations DELETE WHERE version = 9001 "
            "SETTINGS mutations_sync = 1"
        )


@pytest.mark.service
@pytest.mark.parametrize(
    ("column", "vocabulary"),
    [("action", Action), ("role", Role), ("surface", Surface), ("origin", Origin)],
)
def test_codes_and_names_in_tables_are_those_of_the_vocabulary(
    engine: Any, column: str, vocabulary: type[IntEnum]
) -> None:
    names = ", ".join(f"'{each.name.lower()}' = {each.value}" for each in vocabulary)
    found = engine.query(
        "SELECT DISTINCT type FROM system.columns WHERE name = {column:String} AND table IN "
        "('interactions', 'window_partials') AND database IN ('training', 'analytics')",
        parameters={"column": column},
    ).result_rows
    assert [tuple(row) for row in found] == [(f"Enum8({names})",)]


@pytest.mark.service
def test_the_policy_sets_retention_and_smallest_group_and_again_changes_nothing(
    engine: Any,
) -> None:
    policy = load_policy(BUNDLED_POLICY)
    training = policy.purposes[Purpose.AGENT_TRAINING].model_copy(update={"retention_days": 33})
    analytics = policy.purposes[Purpose.TEAM_ANALYTICS].model_copy(
        update={"retention_days": 44, "smallest_group": 12}
    )
    changed = policy.model_copy(
        update={"purposes": {Purpose.AGENT_TRAINING: training, Purpose.TEAM_ANALYTICS: analytics}}
    )
    apply_policy(engine, changed)
    apply_policy(engine, changed)
    assert _ttl(engine, "interactions") == "toDateTime(time) + toIntervalDay(33)"
    assert _ttl(engine, "window_partials") == "window_start + toIntervalDay(44)"
    assert _ttl(engine, "reports") == "window_start + toIntervalDay(51)"
    limits = engine.query("SELECT smallest_group FROM analytics.group_limit").result_rows
    assert sorted(row[0] for row in limits) == [10, 12]
    apply_policy(engine, policy)
    assert engine.query("SELECT smallest_group FROM analytics.group_limit FINAL").result_rows == [
        (10,)
    ]


def _ttl(engine: Any, table: str) -> str:
    found = engine.query(
        "SELECT engine_full FROM system.tables WHERE name = {table:String}",
        parameters={"table": table},
    ).result_rows
    return str(found[0][0]).split(" TTL ")[1].split(" SETTINGS ")[0]
