"""Users of the server, one for each role; passwords from files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from events.errors import InputError
from events.password_files import passwords_in
from events.settings import Settings
from sinks.prepare import prepare
from sinks.rights import ROLES
from sinks.sql import Placement
from sinks.users import set_passwords, user_statements
from sinks.warehouse import open_warehouse
from tests.kit.agreed import agreed


def test_passwords_come_from_the_files_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "clickhouse_loader_password").write_text("secret\n")
    assert passwords_in(tmp_path, "clickhouse", ROLES) == {"loader": "secret"}


@pytest.mark.parametrize("content", [None, "", " \n"], ids=["no file", "nothing", "blanks"])
def test_a_missing_or_empty_password_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "clickhouse_loader_password").write_text(content)
    with pytest.raises(InputError, match="password"):
        passwords_in(tmp_path, "clickhouse", ROLES)


def test_the_server_is_told_a_hash_and_never_the_password() -> None:
    told = " ".join(user_statements("loader", "secret"))
    assert "secret" not in told
    assert told.count(hashlib.sha256(b"secret").hexdigest()) == 2


@pytest.mark.service
@pytest.mark.parametrize("cluster", ["", "org"])
def test_the_engine_parses_the_statements_and_keeps_no_users(tmp_path: Path, cluster: str) -> None:
    settings = Settings(data_dir=tmp_path / "data", **agreed())
    with open_warehouse(settings) as warehouse:
        prepare(warehouse.client, settings)
        for statement in user_statements("loader", "secret"):
            resolved = Placement(cluster).resolve(statement)
            assert warehouse.client.command(f"EXPLAIN AST {resolved}")
        with pytest.raises(InputError, match="keeps no users"):
            set_passwords(warehouse.client, {"loader": "secret"})
