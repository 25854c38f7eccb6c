"""How a worker sees how far it is behind: by what Faust says is assigned, committed and there."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.exceptions import ConsumerNotStarted
from faust.transport.consumer import Consumer
from faust.types import TP

from events.backlog import Reach
from events.clock import FixedClock
from events.codec import Codec
from events.policy import BUNDLED_POLICY, load_policy
from events.settings import Settings
from events.topics import Topic
from streams.pipeline import Rules
from streams.worker import Worker, _reach
from tests.strategies import NOW_MS, ring

TOPIC_PARTITION = TP(Topic.RAW.value, 3)


@dataclass(slots=True)
class FakeConsumer:
    """A Faust consumer with one partition; ``fault`` is raised by whatever is asked."""

    end: int | None = 9
    fault: Exception | None = None
    _committed_offset: dict[TP, int | None] = field(default_factory=dict)

    def assignment(self) -> set[TP]:
        return {TOPIC_PARTITION}

    def highwater(self, tp: TP) -> int | None:
        if self.fault:
            raise self.fault
        return self.end


class SeenBacklog:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def look(self, reached: Any) -> None:
        self.seen.append(reached)


def seen_by_a_worker(consumer: FakeConsumer) -> list[Any]:
    worker = Worker(
        settings=Settings(),
        rules=Rules(Codec(), load_policy(BUNDLED_POLICY), ring(0)),
        policies=cast(Any, None),
        keys=cast(Any, None),
        ledger=cast(Any, None),
        secrets=cast(Any, None),
        clock=FixedClock(NOW_MS),
        topic_ids={},
    )
    backlog = SeenBacklog()
    worker._backlog = cast(Any, backlog)
    worker._look(cast(Any, SimpleNamespace(consumer=consumer)))
    return backlog.seen


def test_what_is_assigned_is_looked_at() -> None:
    consumer = FakeConsumer(_committed_offset={TOPIC_PARTITION: 4})
    assert seen_by_a_worker(consumer) == [{(Topic.RAW, 3): Reach(4, 9)}]


@pytest.mark.parametrize("gone", [AssertionError("not assigned"), ConsumerNotStarted()])
def test_a_partition_that_has_gone_is_not_looked_at_and_stops_nothing(gone: Exception) -> None:
    assert seen_by_a_worker(FakeConsumer(fault=gone)) == []


@pytest.mark.parametrize(
    ("committed", "end", "reach"),
    [
        ({}, 9, Reach(None, 9)),
        ({}, 0, Reach(0, 0)),
        ({TOPIC_PARTITION: None}, 9, Reach(0, 9)),
        ({TOPIC_PARTITION: -1}, 9, Reach(None, 9)),
        ({TOPIC_PARTITION: -1}, 0, Reach(0, 0)),
        ({TOPIC_PARTITION: 4}, None, Reach(4, None)),
    ],
    ids=[
        "none committed",
        "none, and empty",
        "committed 0",
        "-1 committed",
        "-1, and empty",
        "no end yet",
    ],
)
def test_what_faust_knows_is_read_as_it_means_it(
    committed: dict[TP, int | None], end: int | None, reach: Reach
) -> None:
    consumer = FakeConsumer(end=end, _committed_offset=committed)
    assert _reach(cast(Consumer, consumer), TOPIC_PARTITION) == reach
