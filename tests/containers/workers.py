"""Worker processes on a cluster, and the books they keep."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.lag import Lag, lags
from deploy.process import end, spawn
from deploy.stack import environ_of
from events.batch import InteractionBatch
from events.clock import MS_PER_HOUR
from events.errors import Retry
from events.kafka import end_offsets
from events.policy_folder import verified_policy
from events.purposes import PURPOSES, Purpose
from events.registry import codec_of
from events.topics import Topic
from producers.consents import enrolment
from producers.publisher import Publisher
from streams.emit import Emission
from tests.containers.cluster import PARTITIONS, Cluster, patiently
from tests.documents import ROOT
from tests.producers.read_back import everything_on
from tests.strategies import fixed_id, sound_batch
from tests.streams.read_back import read_back

Books = dict[tuple[str, int, int], Counter[str]]  # by purpose, partition, offset


@contextmanager
def workers(cluster: Cluster, folder: Path, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """``count`` workers with their logs in ``folder``; those still there are ended, and must end
    well."""
    environ = environ_of(cluster.settings)
    command = [sys.executable, "-m", "glasshouse", "worker"]
    log = folder / "workers.log"
    running = [spawn(command, log, {**environ, "PYTHONPATH": str(ROOT)}) for _ in range(count)]
    try:
        yield running
    finally:
        statuses = [end(worker) for worker in running if worker.poll() is None]
    assert not any(statuses), log.read_text()


def enrol(cluster: Cluster, subjects: Sequence[str]) -> None:
    """Have ``subjects`` see the notice in force and agree to every purpose."""
    policy = verified_policy(cluster.settings)
    with (
        codec_of(cluster.settings) as codec,
        Publisher(cluster.settings, codec) as publisher,
    ):
        publisher.publish_words(enrolment(subjects, PURPOSES, now_ms(), policy))


def send(cluster: Cluster, subjects: Sequence[str], count: int, first: int = 0) -> None:
    """Publish ``count`` batches of two events, by turns of ``subjects``."""
    with (
        codec_of(cluster.settings) as codec,
        Publisher(cluster.settings, codec) as publisher,
    ):
        for number in range(first, first + count):
            publisher.publish(batch_of(subjects[number % len(subjects)], number))


def batch_of(subject: str, number: int) -> InteractionBatch:
    return sound_batch(
        subject=subject,
        batch_id=fixed_id("batch", number),
        session=fixed_id("session", number % 5),
        sequence=number,
        base_time_ms=now_ms() - MS_PER_HOUR,
    )


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def books_of(cluster: Cluster) -> Books:
    """What became of the events of each message; fails if it was told twice and differently."""
    messages = everything_on(Topic.ACCOUNTING, cluster.settings, PARTITIONS)
    found: Books = {}
    with codec_of(cluster.settings) as codec:
        for partition in range(PARTITIONS):
            mine = [
                Emission(Topic.ACCOUNTING, message.value() or b"")
                for message in messages
                if message.partition() == partition
            ]
            for (purpose, offset), (_, fates) in read_back(mine, codec).books.items():
                found[purpose, partition, offset] = fates
    return found


def books_when(cluster: Cluster, messages: int) -> Books:
    """The books once they hold this many messages for each purpose, and no more."""
    for _ in patiently(f"{messages} messages are accounted for"):
        books = books_of(cluster)
        if len(books) >= messages * len(Purpose):
            break
    assert len(books) == messages * len(Purpose)
    return books


def summed(books: Books, purpose: Purpose) -> Counter[str]:
    return sum(
        (fates for (name, _, _), fates in books.items() if name == purpose), start=Counter[str]()
    )


def lags_when_done(cluster: Cluster) -> tuple[Lag, ...]:
    """The lags of the workers' group behind raw, once there is nothing left to do."""
    ends = {Topic.RAW: end_offsets(cluster.settings, Topic.RAW, range(PARTITIONS))}
    for _ in patiently("the group has committed all it has done"):
        try:
            found = lags(cluster.admin, cluster.settings.worker_group, ends)
        except Retry:
            continue
        if not sum(lag.messages for lag in found):
            break
    return found
