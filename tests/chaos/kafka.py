"""The broker of a run behind its proxy: the embedded one, or Apache Kafka in a container, which can
be killed and keeps its data."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException

from deploy.broker import EmbeddedBroker, free_port
from events.kafka import wait_for_kafka
from events.settings import Settings
from tests.chaos.proxy import Proxy
from tests.containers.apache_kafka import ApacheKafka

_PATIENCE_S = 120.0


class KeptKafka(ApacheKafka):
    """One that sends its clients to ``advertised_port``, and whose data outlives a kill. The broker
    speaks to itself, to end transactions, by a listener of its own: the proxy is not in reach."""

    def __init__(self, advertised_port: int) -> None:
        self._advertised_port = advertised_port
        super().__init__()
        self.tmpfs.clear()  # in the container's own file system, which a restart keeps

    def listeners(self) -> Mapping[str, str]:
        own, clients = "INSIDE://127.0.0.1:9094", f"PLAINTEXT://127.0.0.1:{self._advertised_port}"
        kinds = ("PLAINTEXT", "CONTROLLER", "INSIDE")
        return {
            **super().listeners(),
            "KAFKA_LISTENERS": f"PLAINTEXT://:{self.port},CONTROLLER://:9093,{own}",
            "KAFKA_ADVERTISED_LISTENERS": f"{clients},{own}",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": ",".join(f"{kind}:PLAINTEXT" for kind in kinds),
            "KAFKA_INTER_BROKER_LISTENER_NAME": "INSIDE",
        }

    def kill_and_restart(self) -> None:
        """End it as kill -9 does, and start it with what it has on disk."""
        container = self.get_wrapped_container()
        container.kill(signal="SIGKILL")
        container.wait()
        container.start()


@dataclass(slots=True)
class Kafka:
    """Clients reach the broker by ``proxy`` alone. ``container`` is None for the embedded one."""

    proxy: Proxy
    container: KeptKafka | None = None

    @property
    def is_real(self) -> bool:
        return self.container is not None

    def kill_and_restart(self) -> bool:
        """Whether there is one that could be killed; returns once it answers again."""
        if self.container is None:
            return False
        self.container.kill_and_restart()
        give_up_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < give_up_s:
            try:
                wait_for_kafka(Settings(kafka_servers=self.proxy.servers)).list_topics(timeout=5)
                return True
            except KafkaException:
                time.sleep(0.2)
        raise TimeoutError(f"Kafka is not back {_PATIENCE_S:g} s after it was killed")


@contextmanager
def embedded(log_file: Path) -> Iterator[Kafka]:
    """The embedded broker behind a proxy: empty, and gone in the end."""
    port = free_port()
    with Proxy(port) as proxy, EmbeddedBroker(log_file, port, proxy.port):
        yield Kafka(proxy)


@contextmanager
def contained() -> Iterator[Kafka]:
    """Apache Kafka in a container behind a proxy; several runs may use it, one after the other."""
    proxy_port = free_port()
    with KeptKafka(proxy_port) as container, Proxy(container.port, proxy_port) as proxy:
        yield Kafka(proxy, container)
