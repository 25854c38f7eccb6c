"""A warehouse for all tests of a module, over each transport; its tables are emptied before each
test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import EmbeddedBroker
from events.kafka import create_topics, wait_for_kafka
from events.policy import BUNDLED_POLICY, load_policy
from events.settings import Settings
from sinks.decode import TABLES
from sinks.limits import apply_policy
from sinks.migrate import migrate
from sinks.reports import TABLE as REPORTS
from sinks.sql import Placement
from sinks.views import create_views
from sinks.warehouse import Warehouse, open_warehouse
from tests.containers.clickhouse_server import builder
from tests.kit.clickhouse_process import ClickHouseOverHttp


@pytest.fixture(
    scope="module",
    params=[
        "embedded",
        "http",
        pytest.param("server", marks=pytest.mark.clickhouse_server),
    ],
)
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """A migrated warehouse: the engine in this process, the engine behind HTTP (which is not a
    ClickHouse server: ``tests/kit/embedded_clickhouse_http.py``), and a server where there is one.
    """
    where = tmp_path_factory.mktemp("warehouse") / "data"
    with ExitStack() as stack:
        settings = Settings(data_dir=where)
        if request.param == "http":
            settings = Settings(clickhouse_url=stack.enter_context(ClickHouseOverHttp(where)).url)
        elif request.param == "server":
            admin = request.getfixturevalue("clickhouse_server")
            settings = stack.enter_context(builder(admin))
        warehouse = stack.enter_context(open_warehouse(settings))
        migrate(warehouse.client)
        create_views(warehouse.client, Placement())
        apply_policy(warehouse.client, load_policy(BUNDLED_POLICY))
        yield warehouse


@pytest.fixture(scope="module")
def engine(warehouse: Warehouse) -> Any:
    """The warehouse's client."""
    return warehouse.client


@pytest.fixture
def tables(engine: Any) -> Any:
    """The same client, with empty tables and no merges while the test runs."""
    for table in (*TABLES, REPORTS):
        engine.command(f"TRUNCATE TABLE {table}")
        engine.command(f"SYSTEM STOP MERGES {table}")
    return engine


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """Bootstrap servers of an embedded broker of the test's own, in memory."""
    with EmbeddedBroker(tmp_path / "broker.log") as running:
        yield running.servers


@pytest.fixture
def kafka(broker: str) -> Settings:
    """Settings for the broker, with all topics there."""
    settings = Settings(kafka_servers=broker, kafka_partitions=2, insert_age_ms=200)
    create_topics(wait_for_kafka(settings), settings)
    return settings
