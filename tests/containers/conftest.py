"""One behaviour suite over two brokers: the embedded one and Apache Kafka in a container."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.broker import EmbeddedBroker
from tests.containers.cluster import Cluster, cluster_at


@pytest.fixture
def kafka(apache_kafka: str) -> Cluster:
    """Apache Kafka, with every topic new."""
    return cluster_at(apache_kafka)


@pytest.fixture(
    params=[
        pytest.param("embedded", id="embedded"),
        pytest.param("container", id="kafka", marks=pytest.mark.containers),
    ]
)
def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    """Either broker, with every topic new."""
    if request.param == "container":
        yield request.getfixturevalue("kafka")
        return
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        yield cluster_at(broker.servers)
