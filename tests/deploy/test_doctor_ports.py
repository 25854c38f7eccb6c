"""The doctor finds ports that answer to others."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from deploy.doctor import ports
from deploy.doctor.ports import check_ports, is_loopback, servers
from events.settings import Settings


@pytest.fixture
def listening() -> Iterator[int]:
    """A port that is open at every address of this machine."""
    with socket.create_server(("0.0.0.0", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.fixture
def outside() -> str:
    """An address of this machine that is not a loopback one."""
    address = ports.outer_address()
    if is_loopback(address):
        pytest.skip("this machine has no network address of its own")
    return address


def test_a_server_meant_for_this_machine_that_is_open_to_all_is_found(
    listening: int, outside: str
) -> None:
    [finding] = check_ports(Settings(clickhouse_url=f"http://localhost:{listening}"))
    assert not finding.ok
    assert (finding.check, finding.remedy) == (f"port {listening}", "bind it to 127.0.0.1")
    assert outside in finding.found


def test_a_port_that_should_never_be_open_is_found(
    listening: int, outside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "NEVER_OPEN", {listening: "the metrics of a worker"})
    [finding] = check_ports(Settings(kafka_servers=f"{outside}:9"))
    assert finding.found == f"the metrics of a worker answers at {outside}"


def test_what_only_this_machine_can_reach_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "NEVER_OPEN", {})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
        [finding] = check_ports(Settings(clickhouse_url=f"http://127.0.0.1:{port}"))
    assert finding.ok


def test_servers_are_those_that_the_settings_name() -> None:
    settings = Settings(
        kafka_servers="one:9092,two:9093",
        clickhouse_url="https://three:8443",
        schema_registry_url="http://four:8081/path",
    )
    assert servers(settings) == {("one", 9092), ("two", 9093), ("three", 8443), ("four", 8081)}
    assert servers(Settings()) == frozenset()
