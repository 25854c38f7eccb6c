"""A small feed, and the job that a peer's program would be told with it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers.feed import Feed, feed_of
from benchmarks.peers.job import Job
from benchmarks.peers.run import Place, job_of
from events.policy import BUNDLED_POLICY, PurposePolicy, load_policy
from events.purposes import Purpose
from tests.benchmarks.throughput_made import small_workload

PARTITIONS = 4
LIMITS: PurposePolicy = load_policy(BUNDLED_POLICY).purposes[Purpose.AGENT_TRAINING]


def small_feed(folder: Path, events: int = 3_000) -> Feed:
    return feed_of(small_workload(folder, events), LIMITS, PARTITIONS)


def job_for(feed: Feed, folder: Path) -> Job:
    """Of servers that nobody asks."""
    place = Place((), folder, PARTITIONS, workers=1)
    return job_of(place, feed, LIMITS, "127.0.0.1:1", "http://127.0.0.1:2")
