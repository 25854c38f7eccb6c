"""Topics and true ends, on the embedded broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from deploy.broker import EmbeddedBroker, free_port
from events.errors import ServerMissing
from events.kafka import (
    client_config,
    create_topics,
    end_offsets,
    partitions_of,
    topic_ids,
    wait_for_kafka,
)
from events.settings import Settings
from events.topics import TOPICS, Topic


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker whose topics no other test reads."""
    with EmbeddedBroker(tmp_path_factory.mktemp("own-broker") / "broker.log") as broker:
        yield broker.servers


@pytest.mark.service
def test_the_end_of_a_partition_is_after_its_last_message(own_broker: str) -> None:
    settings = Settings(kafka_servers=own_broker, kafka_partitions=3)
    admin = wait_for_kafka(settings)
    create_topics(admin, settings)
    create_topics(admin, settings)  # those that exist are left as they are
    partitions = partitions_of(admin, Topic.DEAD_LETTERS)
    before = end_offsets(settings, Topic.DEAD_LETTERS, partitions)
    producer = Producer(client_config(settings, **{"linger.ms": 50}))
    for number in range(500):  # some record batches hold many of these
        producer.produce(Topic.DEAD_LETTERS.value, b"x", partition=partitions[number % 5 > 0])
    assert producer.flush(10) == 0
    after = end_offsets(settings, Topic.DEAD_LETTERS, partitions)
    grown = {partition: after[partition] - before[partition] for partition in partitions}
    assert grown == {**dict.fromkeys(partitions, 0), partitions[0]: 100, partitions[1]: 400}


@pytest.mark.service
def test_every_topic_is_there_with_its_partitions_and_an_id(own_broker: str) -> None:
    settings = Settings(kafka_servers=own_broker)
    admin = wait_for_kafka(settings)
    create_topics(admin, settings)
    for spec in TOPICS:
        count = len(partitions_of(admin, spec.topic))
        assert count >= 1 if spec.partitioned else count == 1
    assert len(set(topic_ids(admin, Topic).values())) == len(Topic)


def test_a_broker_that_is_not_there_is_named_with_what_to_do() -> None:
    waits: list[float] = []
    settings = Settings(kafka_servers=f"127.0.0.1:{free_port()}", server_timeout_s=0.4)
    with pytest.raises(ServerMissing, match="--kafka-servers"):
        wait_for_kafka(settings, waits.append)
    assert waits == sorted(waits)
    with pytest.raises(ServerMissing, match="did not tell the end"):
        end_offsets(settings, Topic.RAW, [0])


@pytest.mark.service
@pytest.mark.parametrize("ask", [partitions_of, lambda admin, topic: topic_ids(admin, [topic])])
def test_a_broker_that_goes_away_while_a_process_starts_is_a_missing_server(
    ask: Callable[[AdminClient, Topic], object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("events.kafka._ASK_TIMEOUT_S", 0.5)
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        admin = wait_for_kafka(Settings(kafka_servers=broker.servers))
    with pytest.raises(ServerMissing, match="did not answer when it was asked for its topics"):
        ask(admin, Topic.RAW)
