"""Workers: messages in, accounting out; none is lost when one is killed; the group knows how far
it has come."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from events.codec import Codec
from events.purposes import Purpose
from events.topics import Topic
from producers.publisher import Publisher
from tests.containers.cluster import PARTITIONS, Cluster, patiently
from tests.containers.workers import (
    books_of,
    books_when,
    enrol,
    lags_when_done,
    send,
    summed,
    workers,
)
from tests.producers.read_back import everything_on

pytestmark = pytest.mark.service

PEOPLE = [f"person {number}" for number in range(12)]


def test_every_message_is_accounted_for_and_committed(cluster: Cluster, tmp_path: Path) -> None:
    enrol(cluster, PEOPLE[1:])
    with workers(cluster, tmp_path, 1):
        send(cluster, PEOPLE, 240)
        with Publisher(cluster.settings, Codec()) as publisher:
            publisher.publish_bytes(b"any", b"broken", events=1)
        books = books_when(cluster, 241)
        lags = lags_when_done(cluster)
    for purpose in Purpose:
        assert summed(books, purpose) == Counter(passed=440, not_enrolled=40, undecodable=1)
    assert [lag.partition for lag in lags] == list(range(PARTITIONS))
    assert sum(lag.committed for lag in lags) == sum(lag.end for lag in lags) == 241
    assert len(everything_on(Topic.DEAD_LETTERS, cluster.settings, PARTITIONS)) == 1


def test_what_a_killed_worker_had_taken_is_done_by_the_other(
    cluster: Cluster, tmp_path: Path
) -> None:
    enrol(cluster, PEOPLE)
    with workers(cluster, tmp_path, 2) as both:
        send(cluster, PEOPLE, 300)
        for _ in patiently("the workers have begun"):
            if books_of(cluster):
                break
        send(cluster, PEOPLE, 300, first=300)
        both[0].kill()
        send(cluster, PEOPLE, 300, first=600)
        books = books_when(cluster, 900)
        lags = lags_when_done(cluster)
        assert both[1].poll() is None
    for purpose in Purpose:
        assert summed(books, purpose) == Counter(passed=1_800)
    assert sum(lag.committed for lag in lags) == 900


def test_a_worker_that_joins_takes_over_without_a_loss(cluster: Cluster, tmp_path: Path) -> None:
    enrol(cluster, PEOPLE)
    with workers(cluster, tmp_path, 1) as first:
        send(cluster, PEOPLE, 300)
        books_when(cluster, 300)
        with workers(cluster, tmp_path, 2) as more:
            for number in range(300, 1_500, 50):
                send(cluster, PEOPLE, 50, first=number)
            books = books_when(cluster, 1_500)
            assert all(worker.poll() is None for worker in [*first, *more])
    for purpose in Purpose:
        assert summed(books, purpose) == Counter(passed=3_000)
