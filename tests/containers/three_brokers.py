"""Three Kafka nodes in containers, as a cluster: each is a broker and a controller."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from deploy.broker import free_port
from tests.containers.apache_kafka import ApacheKafka

_NODES = 3


class KafkaNode(ApacheKafka):
    """One of three. They share this machine's network, so that each finds the others by port."""

    def __init__(self, number: int, controllers: list[int]) -> None:
        super().__init__()
        self.ports.clear()  # what is on the machine's own network binds none
        self.with_kwargs(network_mode="host")
        voters = ",".join(f"{n}@127.0.0.1:{port}" for n, port in enumerate(controllers, 1))
        controller = controllers[number - 1]
        self.with_envs(
            CLUSTER_ID="Z2xhc3Nob3VzZS10aHJlZQ",
            KAFKA_NODE_ID=str(number),
            KAFKA_LISTENERS=f"PLAINTEXT://{self.servers},CONTROLLER://127.0.0.1:{controller}",
            KAFKA_CONTROLLER_QUORUM_VOTERS=voters,
            KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="3",
            KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR="3",
            KAFKA_TRANSACTION_STATE_LOG_MIN_ISR="2",
            KAFKA_MIN_INSYNC_REPLICAS="2",
            KAFKA_BROKER_SESSION_TIMEOUT_MS="3000",
            KAFKA_BROKER_HEARTBEAT_INTERVAL_MS="500",
            KAFKA_HEAP_OPTS="-Xms320M -Xmx320M",
        )

    def kill(self) -> None:
        """End it as kill -9 does; it does not come back."""
        self.get_wrapped_container().kill()


@dataclass(frozen=True, slots=True)
class ThreeBrokers:
    nodes: tuple[KafkaNode, ...]

    @property
    def servers(self) -> str:
        return ",".join(node.servers for node in self.nodes)


@contextmanager
def three_brokers() -> Iterator[ThreeBrokers]:
    controllers = [free_port() for _ in range(_NODES)]
    nodes = tuple(KafkaNode(number, controllers) for number in range(1, _NODES + 1))
    with ExitStack() as stack, ThreadPoolExecutor(_NODES) as pool:
        # A node has started once most of them have found each other: none can be waited for alone.
        for started in [pool.submit(node.start) for node in nodes]:
            stack.callback(started.result().stop)
        yield ThreeBrokers(nodes)
