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


@pytest.fixture
def mock_kafka() -> Iterator[Settings]:
    """Settings of a mock cluster of one broker with every topic (each has four partitions)."""
    host = Producer({"test.mock.num.brokers": 1, "log_level": 2})
    (broker,) = host.list_topics(timeout=10).brokers.values()
    for spec in TOPICS:
        host.list_topics(spec.topic.value, timeout=10)
    yield Settings(kafka_servers=f"{broker.host}:{broker.port}", server_timeout_s=20)
    del host


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Settings]:
    """Settings of an embedded broker for one test alone, with every topic."""
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        settings = Settings(kafka_servers=broker.servers, server_timeout_s=20)
        create_topics(wait_for_kafka(settings), settings)
        yield settings
