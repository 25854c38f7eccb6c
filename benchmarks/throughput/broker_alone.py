"""What the embedded broker takes and gives at most: the same messages in, then out, nothing else.

python -m benchmarks.throughput.broker_alone PREPARED WORK_DIR
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from confluent_kafka import Consumer, KafkaError, TopicPartition

from benchmarks.processes import cpu_s
from benchmarks.throughput.child import run_app, tell
from benchmarks.throughput.feeding import feeding
from benchmarks.throughput.prepared import Prepared, read_prepared
from deploy.broker import EmbeddedBroker
from events.kafka import client_config, create_topics, wait_for_kafka
from events.settings import Settings
from events.topics import Topic

_MANY = 10_000
_NS_PER_S = 1_000_000_000
app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class BrokerAlone:
    """``cpu_s`` is the broker's, for both ways."""

    events: int
    produce_s: float
    consume_s: float
    cpu_s: float

    @staticmethod
    def from_json(read: dict[str, Any]) -> BrokerAlone:
        return BrokerAlone(**read)


def broker_alone(prepared: Prepared, work_dir: Path) -> BrokerAlone:
    """All messages in, then all out. ``RuntimeError`` where some are missing."""
    with EmbeddedBroker(work_dir / "broker.log") as broker:
        settings = Settings(kafka_servers=broker.servers, data_dir=work_dir)
        create_topics(wait_for_kafka(settings), settings, [Topic.RAW])
        with feeding(prepared.folder, settings, None) as feed:
            feed.go()
            sent = feed.sent()
        began_s = time.monotonic()
        count = _read(settings, sent.ends)
        consume_s = time.monotonic() - began_s
        assert broker.pid is not None
        used_s = cpu_s(broker.pid)
    if count != prepared.expected.messages:
        raise RuntimeError(f"{prepared.expected.messages:,} messages went in, {count:,} came out")
    produce_s = (sent.ended_ns - sent.began_ns) / _NS_PER_S
    return BrokerAlone(prepared.expected.events, produce_s, consume_s, used_s)


def _read(settings: Settings, ends: Mapping[int, int]) -> int:
    """How many messages there are before ``ends``."""
    own = {"group.id": "benchmark", "enable.partition.eof": True, "enable.auto.commit": False}
    consumer = Consumer(client_config(settings, **own))
    try:
        consumer.assign([TopicPartition(Topic.RAW.value, partition, 0) for partition in ends])
        count, open_partitions = 0, set(ends)
        while open_partitions:
            for message in consumer.consume(_MANY, timeout=0.2):
                error = message.error()
                if error is None:
                    count += 1
                elif error.code() == KafkaError._PARTITION_EOF:
                    open_partitions.discard(message.partition() or 0)
        return count
    finally:
        consumer.close()


@app.command()
def main(
    prepared: Annotated[Path, typer.Argument(help="What `prepare` has written.")],
    work_dir: Annotated[Path, typer.Argument(help="A new folder, for its log.")],
) -> None:
    """Measure it once."""
    work_dir.mkdir(parents=True, mode=0o700)
    tell(asdict(broker_alone(read_prepared(prepared), work_dir)))


if __name__ == "__main__":
    run_app(app)
