"""A take's output is there whole or not at all, and a worker that lost its partition writes nothing
more. What Apache Kafka does, and what the embedded broker does not (DESIGN.md, "One transaction a
take")."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from deploy.process import spawn
from deploy.stack import environ_of
from events.consent import ConsentAction
from events.kafka import client_config, end_offsets, transactional_id
from events.purposes import PURPOSES
from events.registry import codec_of
from events.topics import Topic
from producers.consents import words
from producers.publisher import Publisher
from sinks.consumer import open_consumer
from tests.containers.cluster import PARTITIONS, Cluster, patiently
from tests.containers.workers import books_when, enrol, now_ms, send, summed, workers
from tests.documents import ROOT
from tests.producers.read_back import everything_on

pytestmark = [pytest.mark.service]

PERSON = "somebody"
OUTPUTS = (Topic.TRAINING, Topic.WINDOWS, Topic.ACCOUNTING)


def opened(cluster: Cluster, partition: int = 0, **more: object) -> Producer:
    """A producer that has the lane of this partition, as a worker's."""
    name = transactional_id(cluster.settings, Topic.RAW, partition)
    config = {"transactional.id": name, "transaction.timeout.ms": 60_000, **more}
    producer = Producer(client_config(cluster.settings, **config))
    producer.init_transactions(30)
    return producer


def begun(producer: Producer, value: bytes) -> Producer:
    """The same, with a message that Kafka has acknowledged in a transaction that is open."""
    producer.begin_transaction()
    producer.produce(Topic.TRAINING.value, value, partition=0)
    assert producer.flush(30) == 0
    return producer


def loaded(cluster: Cluster, count: int) -> list[bytes]:
    """What the loader's own consumer is handed of the first partition: so many messages at least,
    up to the end of what it may see then."""
    consumer = open_consumer(cluster.settings)
    assert isinstance(consumer, Consumer)
    found: list[bytes] = []
    try:
        consumer.assign([TopicPartition(Topic.TRAINING.value, 0, 0)])
        for _ in patiently(f"{count} messages are read"):
            message = consumer.poll(1)
            if message is not None and message.error() is None:
                found.append(message.value() or b"")
            elif message is not None and len(found) >= count:
                return found
    finally:
        consumer.close()
    raise AssertionError("never reached")


def test_what_is_committed_is_loaded_and_what_is_open_is_not(cluster: Cluster) -> None:
    producer = begun(opened(cluster), b"first")
    producer.commit_transaction(30)
    begun(producer, b"second")
    assert loaded(cluster, 1) == [b"first"]
    producer.commit_transaction(30)
    assert loaded(cluster, 2) == [b"first", b"second"]


def test_the_end_is_after_all_that_was_written_and_the_marks_of_transactions(
    cluster: Cluster,
) -> None:
    producer = begun(opened(cluster), b"first")
    producer.commit_transaction(30)
    committed = end_offsets(cluster.settings, Topic.TRAINING, [0])
    assert committed == {0: 2}  # a message, and the mark behind it
    begun(producer, b"second")
    assert end_offsets(cluster.settings, Topic.TRAINING, [0]) == {0: 3}


@pytest.mark.containers
def test_kafka_shows_nothing_of_what_the_owner_before_left_open_and_refuses_its_commit(
    kafka: Cluster,
) -> None:
    before = begun(opened(kafka), b"of a zombie")
    after = begun(opened(kafka), b"of its successor")
    with pytest.raises(KafkaException, match="fenced"):
        before.commit_transaction(30)
    after.commit_transaction(30)
    assert loaded(kafka, 1) == [b"of its successor"]


@pytest.mark.containers
def test_kafka_ends_a_transaction_that_takes_too_long(kafka: Cluster) -> None:
    slow = begun(opened(kafka, **{"transaction.timeout.ms": 1_000}), b"too late")
    begun(opened(kafka, partition=1), b"in time").commit_transaction(30)
    for _ in patiently("Kafka has ended it"):
        if loaded(kafka, 1) == [b"in time"]:
            break
    with pytest.raises(KafkaException):
        slow.commit_transaction(30)
    assert loaded(kafka, 1) == [b"in time"]


def test_the_embedded_broker_shows_what_was_left_open_once_the_lane_is_opened_again(
    tmp_path: Path,
) -> None:
    """A limit that DESIGN.md states: where this fails one day, that can be taken back."""
    from deploy.broker import EmbeddedBroker
    from tests.containers.cluster import cluster_at

    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        cluster = cluster_at(broker.servers)
        left = begun(opened(cluster), b"left open")
        del left
        opened(cluster)
        assert loaded(cluster, 1) == [b"left open"]


# Workers


def withdraw(cluster: Cluster) -> None:
    with codec_of(cluster.settings) as codec, Publisher(cluster.settings, codec) as publisher:
        publisher.publish_words(words([PERSON], PURPOSES, ConsentAction.WITHDRAW, now_ms()))


@contextmanager
def stopping_worker(cluster: Cluster, folder: Path, at: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that stands still (SIGSTOP) at its first ``at`` of the raw topic's output."""
    environ = environ_of(cluster.settings)
    command = [sys.executable, "-m", "tests.containers.stop_at", at, "worker"]
    worker = spawn(command, folder / "stopping.log", {**environ, "PYTHONPATH": str(ROOT)})
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


def wait_until_it_stands_still(worker: subprocess.Popen[bytes]) -> None:
    for _ in patiently("the worker has stopped before its commit"):
        status = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()[0]
        assert status not in "ZX", "the worker has ended"
        if status == "T":
            return


def rows_of(cluster: Cluster) -> int:
    """Messages with anybody's rows that can be read."""
    topics = (Topic.TRAINING, Topic.WINDOWS)
    return sum(len(everything_on(topic, cluster.settings, PARTITIONS)) for topic in topics)


@pytest.mark.containers
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_output_of_a_worker_that_did_not_come_to_its_commit_is_never_read(
    kafka: Cluster, tmp_path: Path, how: str
) -> None:
    """All is sent, and Kafka has it; then the person withdraws, before it is judged again."""
    enrol(kafka, [PERSON])
    send(kafka, [PERSON], 1)
    with stopping_worker(kafka, tmp_path, "_commit") as first:
        wait_until_it_stands_still(first)
        assert sum(end_offsets(kafka.settings, Topic.TRAINING, range(PARTITIONS)).values()) == 1
        withdraw(kafka)
        if how == "killed":
            first.kill()
        with workers(kafka, tmp_path, 1) as [second]:
            books = books_when(kafka, 1)
            first.send_signal(signal.SIGCONT)
            time.sleep(3 * kafka.settings.group_session_timeout_s)
            assert second.poll() is None
            if how == "frozen":
                assert first.poll() is None, "it goes on, for what is its share now"
            assert books_when(kafka, 1) == books
    assert all(set(summed(books, purpose)) == {"withdrawn"} for purpose in PURPOSES)
    assert rows_of(kafka) == 0


def test_a_worker_that_was_frozen_before_it_sent_judges_again(
    cluster: Cluster, tmp_path: Path
) -> None:
    """On both brokers: the clock is looked at before anything leaves."""
    own = cluster.settings.model_copy(update={"ledger_max_age_ms": 500, "commit_within_s": 1})
    soon = Cluster(own, cluster.admin)
    enrol(soon, [PERSON])
    send(soon, [PERSON], 1)
    with stopping_worker(soon, tmp_path, "_send") as worker:
        wait_until_it_stands_still(worker)
        withdraw(soon)
        time.sleep(2)
        worker.send_signal(signal.SIGCONT)
        books = books_when(soon, 1)
    assert all(set(summed(books, purpose)) == {"withdrawn"} for purpose in PURPOSES)
    assert rows_of(soon) == 0
