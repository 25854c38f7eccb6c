"""What the tests would say to a ClickHouse server is at least sound SQL where there is none."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from events.settings import Settings
from sinks.warehouse import open_warehouse
from tests.containers.clickhouse_server import FORGET, builder_statements


@pytest.mark.service
def test_the_engine_parses_what_prepares_and_clears_a_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    where = Settings(data_dir=tmp_path_factory.mktemp("parse") / "data")
    with open_warehouse(where) as warehouse:
        for statement in (*builder_statements("secret"), *FORGET):
            assert warehouse.client.command(f"EXPLAIN AST {statement}")
        with pytest.raises(DatabaseError, match="Syntax"):
            warehouse.client.command("EXPLAIN AST DROP ROLE POLICY nonsense")
