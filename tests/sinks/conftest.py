"""The embedded engine, one for all tests of a module: its tables are emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator
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
from sinks.sql import Placement
from sinks.views import create_views
from sinks.warehouse import open_warehouse


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of a migrated embedded warehouse."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("warehouse") / "data")
    with open_warehouse(settings) as warehouse:
        migrate(warehouse.client)
        create_views(warehouse.client, Placement())
        apply_policy(warehouse.client, load_policy(BUNDLED_POLICY))
        yield warehouse.client


@pytest.fixture
def tables(engine: Any) -> Any:
    """The same client, with empty tables and no merges while the test runs."""
    for table in TABLES:
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
