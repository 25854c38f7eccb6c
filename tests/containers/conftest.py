"""One behaviour suite over two brokers: the embedded one and Apache Kafka in a container."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.broker import EmbeddedBroker
from tests.containers.apache_kafka import ApacheKafka, why_not
from tests.containers.cluster import Cluster, cluster_at
from tests.containers.secured_kafka import Secured, SecuredKafka, make_secrets


@pytest.fixture(scope="session")
def apache_kafka() -> Iterator[str]:
    """Bootstrap servers of a real Kafka that all tests of this folder share."""
    if reason := why_not():
        pytest.skip(reason)
    with ApacheKafka() as kafka:
        yield kafka.servers


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


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Apache Kafka with TLS, users and rights, provisioned once for all tests of this folder."""
    if reason := why_not():
        pytest.skip(reason)
    secrets = tmp_path_factory.mktemp("secured") / "secrets"
    make_secrets(secrets)
    with SecuredKafka(secrets) as kafka:
        cluster = Secured(kafka.servers, f"127.0.0.1:{kafka.controller_port}", secrets)
        cluster.provision()
        yield cluster
