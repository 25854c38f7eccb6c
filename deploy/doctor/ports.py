"""Can others reach over the network what only this machine, or only the other servers, should?"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from deploy.doctor.finding import Finding
from events.settings import Settings

_CONNECT_S = 0.5

#: Ports that nobody outside has any business with, and what usually listens there.
NEVER_OPEN = {
    2181: "ZooKeeper",
    5005: "a Java debugger",
    6066: "Faust's web server",
    9009: "ClickHouse's replication",
    9093: "Kafka's controller",
    9181: "ClickHouse Keeper",
    9464: "the metrics of a worker or loader",
    9999: "JMX",
}


def check_ports(settings: Settings) -> Iterator[Finding]:
    """One finding a port that is open and should not be; one that all is well otherwise.

    A server named by a loopback address is meant for this machine: its port must not answer at the
    machine's own address either.
    """
    outside = outer_address()
    found = list(_open(servers(settings), outside))
    yield from found
    if not found:
        yield Finding("ports", f"none is open that should not be (looked from {outside})")


def servers(settings: Settings) -> frozenset[tuple[str, int]]:
    """Host and port of every server that the settings name."""
    urls = [f"kafka://{server}" for server in settings.kafka_servers.split(",") if server]
    urls += [url for url in (settings.clickhouse_url, settings.schema_registry_url) if url]
    parts = [urlsplit(url) for url in urls]
    return frozenset((part.hostname, part.port) for part in parts if part.hostname and part.port)


def _open(named: frozenset[tuple[str, int]], outside: str) -> Iterator[Finding]:
    for host, port in sorted(named):
        if is_loopback(host) and not is_loopback(outside) and answers(outside, port):
            text = f"is meant for this machine ({host}), and open to all at {outside}"
            yield Finding(f"port {port}", text, "bind it to 127.0.0.1")
    hosts = {outside if is_loopback(host) else host for host, _ in named} or {outside}
    for host in sorted(hosts):
        for port, what in NEVER_OPEN.items():
            if (host, port) not in named and not is_loopback(host) and answers(host, port):
                text = f"{what} answers at {host}"
                yield Finding(f"port {port}", text, "bind it to 127.0.0.1, or put a firewall there")


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, as seen by itself only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def answers(host: str, port: int) -> bool:
    """Whether something accepts a connection."""
    try:
        with socket.create_connection((host, port), _CONNECT_S):
            return True
    except OSError:
        return False


def outer_address() -> str:
    """The address others reach this machine at; a loopback address where it has no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: only asks which way it would go
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
