"""The doctor finds what ClickHouse grants beyond what is declared, and what it lacks. The engine is
the embedded one behind HTTP (``tests/kit``), with the migration's own grants."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.doctor.clickhouse_rights import check_rights
from deploy.doctor.finding import Finding
from events.settings import Settings
from sinks.prepare import prepare
from sinks.warehouse import open_warehouse
from tests.kit.access import ADMINISTRATOR, write_config
from tests.kit.agreed import agreed
from tests.kit.clickhouse_process import ClickHouseOverHttp

pytestmark = pytest.mark.service

_RIGHTS = "ClickHouse's rights"


def examined(folder: Path, grant: str = "", replacement: str = "") -> list[Finding]:
    """What is found where ``grant``, as the engine's users file has it, is replaced."""
    config = write_config(folder)
    users = folder / "users-default.xml"
    text = users.read_text()
    assert grant in text
    users.write_text(text.replace(grant, replacement) if grant else text)
    with ClickHouseOverHttp(folder / "data", config, [f"a::{ADMINISTRATOR}"]) as running:
        settings = Settings(clickhouse_url=running.url, clickhouse_user="a", **agreed())
        with open_warehouse(settings) as warehouse:
            prepare(warehouse.client, settings)
            return list(check_rights(warehouse.client))


def of_rights(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.found, one.remedy) for one in findings if one.check == _RIGHTS and not one.ok]


def test_the_migrations_own_grants_are_all_declared(tmp_path: Path) -> None:
    findings = examined(tmp_path)
    assert of_rights(findings) == []
    [told] = [one.found for one in findings if one.check == _RIGHTS]
    assert told.endswith(f"all declared; administrators: {ADMINISTRATOR}")


def test_an_extra_grant_to_a_role_is_found(tmp_path: Path) -> None:
    extra = "GRANT SELECT ON training.*</query><query>GRANT SELECT ON analytics.window_partials"
    assert of_rights(examined(tmp_path, "GRANT SELECT ON training.*", extra)) == [
        (
            "trainer may SELECT ON analytics.window_partials, which is not declared",
            "REVOKE SELECT ON analytics.window_partials FROM trainer",
        )
    ]


def test_a_grant_to_somebody_nobody_declared_is_found(tmp_path: Path) -> None:
    stranger = (
        "<stranger><grants><query>GRANT SELECT ON governance.*</query></grants></stranger></roles>"
    )
    assert of_rights(examined(tmp_path, "</roles>", stranger)) == [
        (
            "stranger may SELECT ON governance.*, which is not declared",
            "REVOKE SELECT ON governance.* FROM stranger",
        )
    ]


def test_a_grant_that_is_gone_is_found(tmp_path: Path) -> None:
    assert of_rights(examined(tmp_path, "<query>GRANT SELECT ON governance.*</query>")) == [
        ("officer may not SELECT ON governance.*", "GRANT SELECT ON governance.* TO officer")
    ]


def test_a_user_with_the_roles_of_two_purposes_and_one_without_a_password_are_found(
    tmp_path: Path,
) -> None:
    told = {one.found: one.remedy for one in examined(tmp_path) if one.check.endswith(" default")}
    assert told == {
        "has the roles analyst and trainer: two purposes": "REVOKE trainer FROM default, or the "
        "other",
        "needs no password": "ALTER USER default IDENTIFIED BY ..., or DROP USER default",
    }
