"""Apache Kafka in a container, by testcontainers: one broker, quick to hand partitions over."""

from __future__ import annotations

import os
from collections.abc import Mapping

from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from deploy.broker import free_port
from tests.containers.images import Container, no_container_of
from tests.containers.pins import PINS

#: The image of whoever has another one at hand, such as apache/kafka.
IMAGE = os.environ.get("KAFKA_IMAGE", PINS["KAFKA_IMAGE"])
_START_S = 120


def why_not() -> str:
    """Why no such container can be started here; empty if it can."""
    return no_container_of(IMAGE)


class ApacheKafka(Container):
    """A broker on a free port of 127.0.0.1. Its log cleaner looks five times a second, old segments
    go at once, and it takes group members with short sessions: else a test would take minutes."""

    def __init__(self) -> None:
        super().__init__(IMAGE)
        self.port = free_port()
        self.publish(self.port, self.port)
        self.with_tmpfs_mount("/var/lib/kafka/data", "uid=1000")
        self.with_envs(
            **self.listeners(),
            KAFKA_NODE_ID="1",
            KAFKA_PROCESS_ROLES="broker,controller",
            KAFKA_CONTROLLER_QUORUM_VOTERS="1@localhost:9093",
            KAFKA_LOG_DIRS="/var/lib/kafka/data",
            KAFKA_AUTO_CREATE_TOPICS_ENABLE="false",
            KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="1",
            KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS="4",
            KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR="1",
            KAFKA_TRANSACTION_STATE_LOG_MIN_ISR="1",
            KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS="4",
            KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS="0",
            KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS="1000",
            KAFKA_LOG_CLEANER_BACKOFF_MS="200",
            KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS="500",
            KAFKA_LOG_INITIAL_TASK_DELAY_MS="500",
            KAFKA_HEAP_OPTS="-Xms512M -Xmx512M",
            KAFKA_OPTS="-XX:TieredStopAtLevel=1",  # it lives a minute: start soon, compile little
        )
        started = LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(_START_S)
        self.waiting_for(started)

    def listeners(self) -> Mapping[str, str]:
        """Variables for where it listens: here in the clear, and to everybody."""
        return {
            "KAFKA_LISTENERS": f"PLAINTEXT://:{self.port},CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{self.servers}",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        }

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self.port}"
