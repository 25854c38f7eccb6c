"""A real worker process on the embedded broker: messages in, exact accounts out, a quiet end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.broker import EmbeddedBroker
from deploy.policy.publish import publish_policies
from events.clock import SystemClock
from events.consent import Word
from events.kafka import client_config, create_topics, wait_for_kafka
from events.outcomes import Rejected
from events.policy import BUNDLED_POLICY, load_policy
from events.settings import Settings
from events.topics import SPEC, Topic
from streams.emit import Emission
from streams.keys import save_keys
from tests.documents import ROOT
from tests.kit.agreed import agreed, agreed_flags
from tests.kit.consent import messages_of as messages_of_words
from tests.kit.secrets import give_secrets
from tests.oracle import World, expect
from tests.producers.read_back import everything_on
from tests.strategies import SUBJECTS, Sent, encoded, everyone_agrees, fixed_id, ring, sound_batch
from tests.streams.read_back import read, read_back
from tests.streams.test_pipeline import epochs_of

PARTITIONS = 2
KEYS = ring(0)
_PATIENCE_S = 60.0
_END_S = 10.0


def runs_of(base_ms: int) -> list[list[Sent]]:
    """For each partition: sound batches of three people, one published twice, and broken ones."""
    runs = []
    for partition in range(PARTITIONS):
        run = []
        for number in range(30):
            batch = sound_batch(
                (0, 0, 3, 4, 0, 0),
                (9, 1, 900, 4, 0, 1),
                (60_000, 4, 0, 0, 2, 0),
                batch_id=fixed_id("batch", 100 * partition + min(number, 28)),
                subject=SUBJECTS[min(number, 28) % 3],
                base_time_ms=base_ms + min(number, 28) * 1_000,
            )
            run.append(Sent(encoded(batch), batch))
        run.insert(7, Sent(b"canary-broken", reason=Rejected.UNDECODABLE))
        run.insert(9, Sent(b"", reason=Rejected.UNDECODABLE))
        runs.append(run)
    return runs


def publish(settings: Settings, said: Sequence[Word], runs: list[list[Sent]]) -> None:
    give_secrets(settings, SUBJECTS)
    producer = Producer(client_config(settings))
    for key, value in messages_of_words(said):
        producer.produce(Topic.CONSENT.value, value, key)
    for partition, run in enumerate(runs):
        for sent in run:
            producer.produce(Topic.RAW.value, sent.value, partition=partition)
    assert producer.flush(10) == 0


def messages_of(settings: Settings, topic: Topic, partition: int) -> list[Emission]:
    """Everything that stands in a partition now."""
    partitions = PARTITIONS if SPEC[topic].partitioned else 1
    found = everything_on(topic, settings, partitions)
    return [Emission(topic, m.value() or b"") for m in found if m.partition() == partition]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings that name a broker of this test alone, with topics and keys."""
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        yield provided(broker, tmp_path)


def provided(broker: EmbeddedBroker, data_dir: Path) -> Settings:
    """Settings that name ``broker``, which has the topics then, and keys."""
    settings = Settings(
        kafka_servers=broker.servers,
        kafka_partitions=PARTITIONS,
        data_dir=data_dir,
        **agreed(),
        group_session_timeout_s=2,
        server_timeout_s=20,
    )
    save_keys(KEYS, settings.keys_path)
    create_topics(wait_for_kafka(settings), settings)
    publish_policies(settings)
    return settings


def start(
    settings: Settings, log_file: Path, program: tuple[str, ...] = ("-m", "glasshouse")
) -> subprocess.Popen[bytes]:
    names = ("kafka_servers", "kafka_partitions", "data_dir", "group_session_timeout_s")
    flags = [f"--{name.replace('_', '-')}={getattr(settings, name)}" for name in names]
    flags += [flag for flag in agreed_flags() if not flag.startswith("--policy-dir")]
    with log_file.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, *program, "worker", *flags], stdout=log, stderr=log, cwd=ROOT
        )


def accounted(settings: Settings) -> int:
    """Events in all accounts so far."""
    return sum(
        int(read(emission)[1]["event_count"].sum())
        for partition in range(PARTITIONS)
        for emission in messages_of(settings, Topic.ACCOUNTING, partition)
    )


def wait_until_accounted(settings: Settings, events: int, worker: subprocess.Popen[bytes]) -> None:
    give_up_s = time.monotonic() + _PATIENCE_S
    while accounted(settings) < events:
        assert worker.poll() is None, "the worker has ended"
        assert time.monotonic() < give_up_s, "the worker is too slow"
        time.sleep(0.2)


@pytest.mark.service
def test_a_worker_accounts_for_every_event_and_ends_quietly(
    settings: Settings, tmp_path: Path
) -> None:
    now_ms = SystemClock().now_ms()
    said = [word for word in everyone_agrees() if word.subject != SUBJECTS[2]]
    runs = runs_of(now_ms - 3_600_000)
    publish(settings, said, runs)
    log_file = tmp_path / "worker.log"
    worker = start(settings, log_file)
    try:
        wait_until_accounted(settings, 2 * PARTITIONS * (30 * 3 + 2), worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(_END_S) == 0
    finally:
        worker.kill()
        worker.wait()
    world = World(said, load_policy(BUNDLED_POLICY), epochs_of(KEYS), now_ms)
    for partition, run in enumerate(runs):
        topics = (Topic.TRAINING, Topic.WINDOWS, Topic.ACCOUNTING)
        found = [m for topic in topics for m in messages_of(settings, topic, partition)]
        assert read_back(found) == expect(run, world)
        letters = messages_of(settings, Topic.DEAD_LETTERS, partition)
        assert sorted(o for m in letters for o in read(m)[1]["offset"].tolist()) == [7, 9]
    log = messages_of(settings, Topic.CONSENT_LOG, 0)
    assert sum(len(read(emission)[1]["offset"]) for emission in log) == len(said)
    assert b"canary" not in log_file.read_bytes()
    committed = Consumer(client_config(settings, **{"group.id": settings.worker_group}))
    positions = [TopicPartition(Topic.RAW.value, p) for p in range(PARTITIONS)]
    assert [p.offset for p in committed.committed(positions, 10)] == [32] * PARTITIONS
    committed.close()


@pytest.mark.service
def test_messages_fetched_as_a_rebalance_begins_are_read_again_though_nothing_was_committed(
    settings: Settings, tmp_path: Path
) -> None:
    publish(settings, everyone_agrees(), runs_of(SystemClock().now_ms() - 3_600_000))
    worker = start(settings, tmp_path / "worker.log", ("-m", "tests.streams.interrupted_fetch"))
    try:
        wait_until_accounted(settings, 2 * PARTITIONS * (30 * 3 + 2), worker)
    finally:
        worker.kill()
        worker.wait()
