"""One behaviour suite over two brokers, the embedded one and Apache Kafka in a container; and a
schema registry in another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.broker import EmbeddedBroker
from deploy.register_schemas import register_schemas
from tests.containers import apicurio_registry
from tests.containers.apache_kafka import why_not
from tests.containers.apicurio_registry import ApicurioRegistry
from tests.containers.cluster import Cluster, cluster_at
from tests.containers.secured_kafka import Secured, SecuredKafka, make_secrets


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
def apicurio() -> Iterator[ApicurioRegistry]:
    """A real schema registry that all tests of this folder share."""
    if reason := apicurio_registry.why_not():
        pytest.skip(reason)
    with ApicurioRegistry() as registry:
        yield registry


@pytest.fixture
def registry(apicurio: ApicurioRegistry) -> ApicurioRegistry:
    """The registry as `glasshouse provision` leaves it."""
    register_schemas(apicurio.settings())
    return apicurio


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
