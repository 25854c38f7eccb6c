"""What only a hostile producer sends: whatever of it a broker takes, the worker lives, stays small,
and accounts for every message."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.processes import peak_bytes
from events.purposes import Purpose
from events.topics import Topic
from streams.unpack import GZIP, LZ4, SNAPPY, ZSTD
from tests.containers.cluster import Cluster
from tests.containers.workers import batch_of, books_when, enrol, now_ms, summed, workers
from tests.kit.raw_producer import produce
from tests.kit.record_batch import Made, batch, compressed
from tests.strategies import encoded
from tests.streams.test_record_batches import of_size

pytestmark = pytest.mark.service

_BOMB_BYTES = 800_000_000
_MOST_BYTES = 400_000_000


def test_header_names_and_bombs_end_no_worker(cluster: Cluster, tmp_path: Path) -> None:
    enrol(cluster, ["anna"])
    odd = Made(encoded(batch_of("anna", 1)), b"\xff", [(b"\xff\xfe", b"x")])
    sound = Made(encoded(batch_of("anna", 2)))
    refused = [
        batch(compressed(of_size(size), codec), codec, count=1, time_ms=now_ms())
        for codec, size in (
            (GZIP, _BOMB_BYTES),
            (ZSTD, _BOMB_BYTES),
            (LZ4, _BOMB_BYTES // 4),  # it shrinks zeros to a 255th only,
            (SNAPPY, _BOMB_BYTES // 50),  # and this to a 21st
        )
    ]
    taken = [batch([odd, Made(None), sound], ZSTD, time_ms=now_ms()), *refused]
    for each in [*taken, batch([sound], time_ms=now_ms())]:
        assert produce(cluster.settings.kafka_servers, Topic.RAW, 0, each) == 0
    with workers(cluster, tmp_path, 1) as running:
        books = books_when(cluster, 8)
        assert running[0].poll() is None
        assert peak_bytes(running[0].pid) < _MOST_BYTES
    for purpose in Purpose:
        assert summed(books, purpose) == Counter(passed=6, undecodable=1, too_large=4)


@pytest.mark.containers
def test_what_kafka_checks_never_reaches_a_worker(kafka: Cluster) -> None:
    one = [Made(b"v")]
    for wrong in (
        batch(one, crc=1, time_ms=now_ms()),
        batch(one, count=5, time_ms=now_ms()),
        batch(one, last_delta=1_000, time_ms=now_ms()),
        batch(b"\xff" * 50, ZSTD, count=1, time_ms=now_ms()),
        batch(one, attributes=0x30, time_ms=now_ms()),
        batch(one, time_ms=2**63 - 1),
    ):
        assert produce(kafka.settings.kafka_servers, Topic.RAW, 0, wrong) != 0
