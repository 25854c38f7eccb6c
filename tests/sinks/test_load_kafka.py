"""The loader on a real broker with the real engine, killed and restarted."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.lag import lags
from events.kafka import client_config, wait_for_kafka
from events.settings import Settings
from events.topics import SPEC, Topic
from sinks.decode import LOADED_TOPICS
from sinks.ends import loaded_topic_ends
from sinks.prepare import open_loader, prepare
from sinks.prove import prove
from sinks.warehouse import open_warehouse
from tests.kit.agreed import agreed
from tests.sinks.made import Sent, org, run_of
from tests.sinks.test_identity import contents, insert

pytestmark = pytest.mark.service

_LOAD = """
import sys, typer
from sinks.commands import register
app = typer.Typer(); register(app); app(sys.argv[1:])
"""


def _publish(settings: Settings, sent: Sequence[Sent]) -> None:
    producer = Producer(client_config(settings))
    for message in sent:
        producer.produce(
            message.topic.value,
            message.value,
            partition=message.partition,
            timestamp=message.time_ms,
        )
    producer.flush(10)


def _publish_in_transactions(settings: Settings, sent: Sequence[Sent]) -> None:
    """As workers do: behind each transaction is a mark that takes an offset."""
    producer = Producer(client_config(settings, **{"transactional.id": settings.worker_group}))
    producer.init_transactions(10)
    for first in range(0, len(sent), 20):
        producer.begin_transaction()
        for message in sent[first : first + 20]:
            place = (message.topic.value, message.value)
            producer.produce(*place, partition=message.partition, timestamp=message.time_ms)
        producer.commit_transaction(10)


def _command(settings: Settings, *words: str) -> list[str]:
    return [
        sys.executable, "-c", _LOAD, *words,
        "--data-dir", str(settings.data_dir),
        "--kafka-servers", settings.kafka_servers,
        "--group-prefix", settings.group_prefix,
        "--insert-age-ms", "50",
    ]  # fmt: skip


@pytest.fixture
def place(kafka: Settings, tmp_path: Path) -> Iterator[Settings]:
    settings = kafka.model_copy(update={"data_dir": tmp_path / "data", **agreed()})
    with open_warehouse(settings) as warehouse:
        prepare(warehouse.client, settings)
    yield settings


def _contents(settings: Settings) -> dict[str, list[Any]]:
    with open_warehouse(settings) as warehouse:
        return contents(warehouse.client)


def _expected(tmp_path: Path, sent: list[Sent]) -> dict[str, list[Any]]:
    settings = Settings(data_dir=tmp_path / "expected", **agreed())
    with open_warehouse(settings) as warehouse:
        prepare(warehouse.client, settings)
        insert(warehouse.client, sent)
        return contents(warehouse.client)


def test_what_is_published_is_loaded_and_the_group_leaves_cleanly(
    place: Settings, tmp_path: Path
) -> None:
    run = run_of(org(people=6, batches_each=5))
    _publish(place, run)
    with open_warehouse(place) as warehouse:
        loader = open_loader(place, warehouse.client)
        stop = threading.Event()
        thread = threading.Thread(target=loader.run, args=(stop,))
        thread.start()
        try:
            assert loader.wait_until_caught_up(30)
            assert loader.caught_up()
            _publish(place, [Sent(Topic.TRAINING, 0, b"no message of ours")])
            assert loader.wait_until_caught_up(30)
        finally:
            stop.set()
            thread.join()
        found = contents(warehouse.client)
        rejected = found["governance.dead_letters"]
        ours = [row for row in rejected if row[0] == "interactions.agent_training"]
        assert len(ours) == 1 and len(ours[0][1]) == 22 and ours[0][4] == "undecodable"
        assert all(check.ok for check in prove(warehouse.client, Settings())[0])
    expected = _expected(tmp_path, run)
    for table in expected.keys() - {"governance.dead_letters"}:
        assert found[table] == expected[table]


def _committed(settings: Settings) -> int:
    """How many messages the loader's group has committed."""
    consumer = Consumer(client_config(settings, **{"group.id": settings.loader_group}))
    try:
        asked = [
            TopicPartition(topic.value, partition)
            for topic in LOADED_TOPICS
            for partition in range(settings.kafka_partitions if SPEC[topic].partitioned else 1)
        ]
        return sum(max(0, each.offset) for each in consumer.committed(asked, timeout=10))
    finally:
        consumer.close()


def test_a_killed_loader_is_followed_by_one_that_completes_the_same_tables(
    place: Settings, tmp_path: Path
) -> None:
    run = run_of(org(people=40, batches_each=30), take=2)
    _publish(place, run[:500])
    with subprocess.Popen(_command(place, "load"), stderr=subprocess.DEVNULL) as first:
        while not _committed(place):
            assert first.poll() is None
            time.sleep(0.05)
        _publish(place, run[500:])
        time.sleep(0.03)
        first.send_signal(signal.SIGKILL)
    assert 0 < _committed(place) < len(run)
    command = _command(place, "load", "--until-caught-up")
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    assert _committed(place) == len(run)
    assert _contents(place) == _expected(tmp_path, run)


def _wait_until_loaded(place: Settings) -> None:
    """Until the loader's group has committed all there is."""
    ends: dict[Topic, dict[int, int]] = {}
    for (topic, partition), end in loaded_topic_ends(place).items():
        ends.setdefault(topic, {})[partition] = end
    admin, give_up_s = wait_for_kafka(place), time.monotonic() + 60
    while any(lag.messages for lag in lags(admin, place.loader_group, ends)):
        assert time.monotonic() < give_up_s
        time.sleep(0.2)


def test_marks_behind_transactions_are_no_lag_and_keep_nobody_waiting(
    place: Settings, tmp_path: Path
) -> None:
    run = run_of(org(people=6, batches_each=5))
    _publish_in_transactions(place, run)
    for _ in range(2):  # the second time there is nothing to load
        command = _command(place, "load", "--until-caught-up")
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, done.stderr
        _wait_until_loaded(place)
        assert _committed(place) == sum(loaded_topic_ends(place).values()) > len(run)
    assert _contents(place) == _expected(tmp_path, run)


def test_load_ends_cleanly_on_a_termination_signal(place: Settings, tmp_path: Path) -> None:
    run = run_of(org(people=3, batches_each=3))
    _publish(place, run)
    command = _command(place, "load")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as loader:
        _wait_until_loaded(place)
        loader.send_signal(signal.SIGTERM)
        _, words = loader.communicate(timeout=60)
    assert loader.returncode == 0, words
    assert f"loaded {len(run)} messages" in words
    assert _contents(place) == _expected(tmp_path, run)


def test_the_true_ends_of_all_topics_are_found(place: Settings) -> None:
    before = loaded_topic_ends(place)
    run = run_of(org(people=3, batches_each=3))
    _publish(place, run)
    after = loaded_topic_ends(place)
    assert sum(after.values()) - sum(before.values()) == len(run)
