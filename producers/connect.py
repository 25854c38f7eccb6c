"""A Kafka that answers and has the topics: what every producing command needs first."""

from __future__ import annotations

from events.errors import InputError
from events.options import err
from events.settings import KAFKA_ACCESS, REGISTRY_ACCESS, Settings
from events.topics import Topic

#: The settings every command that calls ``connect`` must offer.
CONNECTION = (
    *KAFKA_ACCESS,
    "kafka_partitions",
    "kafka_replicas",
    *REGISTRY_ACCESS,
    "data_dir",
    "key_file",
    "sealing_file",
)


def connect(settings: Settings, *topics: Topic) -> None:
    """Wait for Kafka and create those of ``topics`` that are missing. Raises ``InputError`` where
    no server is named (only `demo` brings its own), ``ServerMissing`` and ``Stop``."""
    from events.kafka import create_topics, wait_for_kafka

    if settings.embedded_kafka:
        raise InputError(
            "no Kafka is named: set --kafka-servers (GLASSHOUSE_KAFKA_SERVERS), or run "
            "`glasshouse broker` for an embedded one"
        )
    told = False

    def on_wait(waited_s: float) -> None:
        nonlocal told
        if not told:
            err.print(f"waiting for Kafka at {settings.kafka_servers} ...", highlight=False)
        told = True

    create_topics(wait_for_kafka(settings, on_wait), settings, topics)
