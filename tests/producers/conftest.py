"""A Kafka for one test: librdkafka's mock cluster in this process, or the embedded broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from deploy.broker import EmbeddedBroker
from events.kafka import create_topics, wait_for_kafka
from events.settings import Settings
from events.topics import TOPICS
from streams.sealing_keys import export
from tests.strategies import SEALING


@pytest.fixture
def sealing_file(tmp_path: Path) -> Path:
    """What subjects are sealed to, by those who record consent too."""
    file = tmp_path / "sealing.json"
    export(SEALING.exported(for_registrar=True), file)
    return file


@pytest.fixture
def mock_kafka(sealing_file: Path) -> Iterator[Settings]:
    """Settings of a mock cluster of one broker with every topic (each has four partitions)."""
    host = Producer({"test.mock.num.brokers": 1, "log_level": 2})
    (broker,) = host.list_topics(timeout=10).brokers.values()
    for spec in TOPICS:
        host.list_topics(spec.topic.value, timeout=10)
    servers = f"{broker.host}:{broker.port}"
    yield Settings(kafka_servers=servers, server_timeout_s=20, sealing_file=sealing_file)
    del host


@pytest.fixture
def own_kafka(tmp_path: Path, sealing_file: Path) -> Iterator[Settings]:
    """Settings of an embedded broker for one test alone, with every topic."""
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        settings = Settings(
            kafka_servers=broker.servers, server_timeout_s=20, sealing_file=sealing_file
        )
        create_topics(wait_for_kafka(settings), settings)
        yield settings
