"""Fixtures shared by all tests, and the mode in which a skipped service test is a failure."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from deploy.broker import EmbeddedBroker
from events.settings import ENV_PREFIX, Settings
from tests.kit.agreed import agreed

# A busy machine is not a fault: no example has a deadline.
settings.register_profile("glasshouse", deadline=None, max_examples=40)
settings.load_profile("glasshouse")

#: Set where a Docker daemon is known to run: a container test may not be skipped there.
_DOCKER_EXPECTED = "EXPECT_DOCKER"
#: Set where Vault's server was built: a test with it may not be skipped there.
_VAULT_EXPECTED = "EXPECT_VAULT"
#: Set where other products were installed to compare with: a test of one may not be skipped there.
_PEERS_EXPECTED = "EXPECT_PEERS"

_AUDIT = pytest.StashKey[tempfile.TemporaryDirectory[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--strict-services",
        action="store_true",
        help="a test marked `service` that is skipped counts as failed; one marked `containers` "
        f"only where {_DOCKER_EXPECTED} says that there is a Docker daemon, one marked `vault` "
        f"only where {_VAULT_EXPECTED} says that Vault was built, one marked "
        f"`peers` only where {_PEERS_EXPECTED} says that they were installed, and none marked "
        "`clickhouse_server`, since no package carries one",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Commands that tests run record what they do apart from this machine's own log."""
    folder = config.stash[_AUDIT] = tempfile.TemporaryDirectory(prefix="glasshouse-audit-")
    os.environ.setdefault("GLASSHOUSE_AUDIT_FILE", f"{folder.name}/audit.jsonl")


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_AUDIT].cleanup()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if (
        report.skipped
        and item.get_closest_marker("service")
        and not item.get_closest_marker("clickhouse_server")
        and (not item.get_closest_marker("containers") or os.environ.get(_DOCKER_EXPECTED))
        and (not item.get_closest_marker("vault") or os.environ.get(_VAULT_EXPECTED))
        and (not item.get_closest_marker("peers") or os.environ.get(_PEERS_EXPECTED))
        and item.config.getoption("--strict-services")
        and not hasattr(report, "wasxfail")
    ):
        report.outcome = "failed"
        report.longrepr = f"service test skipped in strict mode: {report.longreprtext}"
    return report


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command sends the log to the standard error of its own test; later tests have another."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.fixture(scope="session")
def kafka_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of an embedded broker that all service tests share: each test names its
    own topics or consumer groups, or starts a broker of its own."""
    with EmbeddedBroker(tmp_path_factory.mktemp("broker") / "broker.log") as broker:
        yield broker.servers


@pytest.fixture(scope="session")
def apache_kafka() -> Iterator[str]:
    """Bootstrap servers of a real Kafka that all tests in containers share."""
    from tests.containers.apache_kafka import ApacheKafka, why_not

    if reason := why_not():
        pytest.skip(reason)
    with ApacheKafka() as kafka:
        yield kafka.servers


@pytest.fixture(scope="session")
def clickhouse_server() -> Iterator[Settings]:
    """An administrator's settings for a ClickHouse server that all tests share."""
    from tests.containers.clickhouse_server import server_or_skip

    yield from server_or_skip()


@pytest.fixture
def agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy is in force, by the environment: for what is called as a command."""
    for name, path in agreed().items():
        monkeypatch.setenv(f"{ENV_PREFIX}{name.upper()}", str(path))
