"""What a worker's consumer commits: the end of the last bundle that was acknowledged; and how soon
it sees that a partition has room again."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from events.errors import Stop
from streams.positions import BundleConsumer, Transport, _ConsumerThread

PARTITION = TP("interactions.raw", 3)


class Consumer(BundleConsumer):
    """With Faust's books, and without its services."""

    def __init__(self) -> None:
        self._acked: dict[TP, list[int]] = defaultdict(list)
        self._acked_index: dict[TP, set[int]] = defaultdict(set)
        self._committed_offset: dict[TP, int | None] = defaultdict(lambda: None)
        self._unacked_messages = cast(Any, SimpleNamespace(discard=lambda message: None))
        self._n_acked = 0
        self._waiting_for_ack = None
        self.app = cast(Any, SimpleNamespace(topics=SimpleNamespace(acks_enabled_for=bool)))

    def read_and_ack(self, before: int, offset: int) -> None:
        """A bundle from behind ``before`` up to ``offset``."""
        asyncio.run(self._add_gap(PARTITION, before + 1, offset))
        message = SimpleNamespace(acked=False, tp=PARTITION, offset=offset, topic=PARTITION.topic)
        self.ack(cast(Any, message))

    def commit_now(self) -> int | None:
        """As Faust does; the offset that is committed, if one is."""
        found = self._filter_committable_offsets([PARTITION])
        self._committed_offset.update(found)
        return found.get(PARTITION)


def test_what_is_committed_is_the_end_of_the_last_bundle_that_was_acknowledged() -> None:
    consumer = Consumer()
    consumer.read_and_ack(-1, 255)
    consumer.read_and_ack(255, 511)
    assert consumer.commit_now() == 512
    assert consumer.commit_now() is None


@pytest.mark.parametrize("begins_at", [0, 1, 100])
@given(sizes=st.lists(st.integers(1, 300), max_size=6), commits=st.sets(st.integers(0, 5)))
def test_no_commit_is_behind_what_is_acknowledged_or_before_it(
    begins_at: int, sizes: Sequence[int], commits: set[int]
) -> None:
    consumer = Consumer()
    consumer._committed_offset[PARTITION] = begins_at or None
    end = begins_at
    for number, size in enumerate(sizes):
        consumer.read_and_ack(end - 1, end + size - 1)
        end += size
        if number in commits:
            assert consumer.commit_now() == end
    consumer.commit_now()
    assert (consumer._committed_offset[PARTITION] or 0) == end


def test_what_was_fetched_and_not_acknowledged_leaves_no_trace() -> None:
    """After a rebalance the same messages come in other bundles."""
    consumer = Consumer()
    asyncio.run(consumer._add_gap(PARTITION, 0, 199))
    consumer.read_and_ack(-1, 149)
    assert consumer.commit_now() == 150


class Full(BundleConsumer):
    """None of its partitions has room, until ``make_room``."""

    def __init__(self) -> None:
        self.flow_active = True
        self._has_room = False

    def make_room(self) -> None:
        self._has_room = True

    def _get_active_partitions(self) -> set[TP]:
        return {PARTITION} if self._has_room else set()

    async def sleep(self, n: Any, *_: Any) -> None:
        await asyncio.sleep(n)

    @property
    def not_waiting_next_records(self) -> Any:  # type: ignore[override]
        return asyncio.Event()

    @property
    def app(self) -> Any:  # type: ignore[override]
        return SimpleNamespace(client_only=False)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        return {PARTITION: ["bundle"]}


def test_a_partition_that_has_room_again_is_read_at_once() -> None:
    async def waited_s() -> float:
        consumer = Full()
        asyncio.get_running_loop().call_later(0.1, consumer.make_room)
        began_s = time.monotonic()
        while not (await consumer._wait_next_records(1.0))[0]:
            pass
        return time.monotonic() - began_s

    assert 0.1 <= asyncio.run(waited_s()) < 0.6, "Faust would look again after a second"


def test_a_fetch_ends_soon_so_that_a_partition_with_room_again_is_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[float] = []

    async def getmany(self: Any, active_partitions: set[TP] | None, timeout: float) -> Any:
        asked.append(timeout)
        return {}

    monkeypatch.setattr(AIOKafkaConsumerThread, "getmany", getmany)
    thread = object.__new__(_ConsumerThread)
    assert asyncio.run(thread.getmany({PARTITION}, 1.0)) == {}
    assert max(asked) <= 0.1


def test_without_the_compiled_parts_of_faust_no_worker_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("faust.streams._CStreamIterator", None)
    with pytest.raises(Stop, match="compiled parts"):
        Transport([], cast(Any, None))
