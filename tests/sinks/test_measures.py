"""What a loader shows of itself: how far it is behind, and how long rows took to be readable."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import OperationalError

from events.clock import FixedClock
from events.errors import Stop
from events.metrics import LAG_MESSAGES, LAG_SECONDS, REGISTRY
from events.outcomes import Rejected
from events.topics import Topic
from sinks.block import Gathering
from sinks.coordinates import Coordinates
from sinks.decode import LOADED_TOPICS, TABLES
from sinks.insert import Inserter
from sinks.observe import count_from_zero
from sinks.progress import Progress
from sinks.saver import Saver
from tests.sinks.fakes import FakeClient, FakeSource, Faults, Log
from tests.sinks.made import org, run_of

KEY = (Topic.TRAINING, 0)
NOW_MS = 10_000_000
ROWS = {TABLES[-1]: pa.table({"x": [1]})}  # (the first table has rows of its own form)


class Bench:
    """A saver with its progress, a clock to move, and a log of messages that only has an end."""

    def __init__(self, client: FakeClient) -> None:
        self.clock = FixedClock(NOW_MS)
        self.progress = Progress()
        self.log = Log.of(run_of(org(people=2, batches_each=4), partitions=1, take=3))
        self.inserter = Inserter(client, give_up_s=0.05)
        self.saver = Saver(self.inserter, FakeSource(self.log), self.progress, self.clock)
        self.progress.assigned([KEY])

    @property
    def end(self) -> int:
        return self.log.ends()[KEY]

    def look_after_s(self, seconds: float) -> None:
        self.clock.at_ms += int(seconds * 1_000)
        self.saver.look()

    def save(self, offset: int, time_ms: int) -> None:
        """Read and insert the message at ``offset``, of this time."""
        gathering = Gathering()
        at = Coordinates(KEY[0], "id", KEY[1], offset, time_ms)
        self.progress.was_read(KEY, offset)
        gathering.add(at, ROWS, self.clock.monotonic_s())
        self.saver.launch(gathering.take())
        assert self.saver.wait(5)
        self.saver.land()


@pytest.fixture
def bench() -> Iterator[Bench]:
    LAG_MESSAGES.clear()
    LAG_SECONDS.clear()
    bench = Bench(FakeClient())
    yield bench
    bench.saver.close()


def gauge(name: str) -> float | None:
    labels = {"topic": KEY[0].value, "partition": "0"}
    return REGISTRY.get_sample_value(f"glasshouse_lag_{name}", labels)


def readable() -> tuple[float, float]:
    """How many times, and how many seconds in all, were shown for the topic."""
    found = [
        REGISTRY.get_sample_value(f"glasshouse_load_seconds_{part}", {"topic": KEY[0].value}) or 0
        for part in ("count", "sum")
    ]
    return found[0], found[1]


def test_a_partition_at_its_end_has_nothing_that_waits(bench: Bench) -> None:
    bench.progress.has_ended(KEY, bench.end)
    bench.look_after_s(2)
    assert (gauge("messages"), gauge("seconds")) == (0, 0)


def test_what_was_read_and_is_not_inserted_waits(bench: Bench) -> None:
    bench.save(0, NOW_MS - 30_000)
    for offset in range(1, bench.end):
        bench.progress.was_read(KEY, offset)
    bench.look_after_s(2)
    assert (gauge("messages"), gauge("seconds")) == (bench.end - 1, 32)


def test_while_reading_is_paused_a_partition_that_was_at_its_end_grows_old(bench: Bench) -> None:
    bench.progress.has_ended(KEY, bench.end)
    bench.look_after_s(2)
    bench.clock.at_ms += 90_000
    bench.saver.look(is_paused=True)
    assert gauge("seconds") == 90


def test_it_is_looked_at_once_a_second_however_often_the_loop_turns(bench: Bench) -> None:
    bench.progress.has_ended(KEY, bench.end)
    bench.look_after_s(2)
    bench.progress.lost()
    bench.look_after_s(0.5)
    assert gauge("messages") == 0
    bench.look_after_s(0.6)
    assert (gauge("messages"), gauge("seconds")) == (None, None), "the partition is not ours"


def test_readable_is_from_kafka_s_time_of_the_oldest_message(bench: Bench) -> None:
    count, seconds = readable()
    bench.save(0, NOW_MS - 7_000)
    assert readable() == (count + 1, seconds + 7)


def test_rows_that_were_not_inserted_are_not_shown_as_readable() -> None:
    bench = Bench(FakeClient(Faults(always={"insert": OperationalError("away")})))
    before = readable()
    try:
        with pytest.raises(Stop, match="took no rows"):
            bench.save(0, NOW_MS)
    finally:
        bench.saver.close()
    assert readable() == before


def test_every_counter_of_a_loader_is_there_from_the_start() -> None:
    count_from_zero()
    for reason in Rejected:
        assert (
            REGISTRY.get_sample_value("glasshouse_dead_letters_total", {"reason": reason.value})
            is not None
        )
    for table in TABLES:
        for name in ("insert_retries_total", "inserted_rows_total", "insert_seconds_count"):
            assert REGISTRY.get_sample_value(f"glasshouse_{name}", {"table": table}) is not None
    for topic in LOADED_TOPICS:
        shown = REGISTRY.get_sample_value("glasshouse_load_seconds_count", {"topic": topic.value})
        assert shown is not None
