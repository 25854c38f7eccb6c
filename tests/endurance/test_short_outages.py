"""ClickHouse is away for some seconds, then the broker, under load: what waits is bounded, every
process goes on by itself, and the tables are exact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sinks.block import MOST_BYTES
from streams.worker import EXIT_STOPPED
from tests.end_to_end.stack import DEADLINE_S, wait_until
from tests.endurance.settle import settle
from tests.endurance.stack import Stack, running_stack
from tests.endurance.watch import Watch

pytestmark = pytest.mark.service

EVENTS_PER_S = 3_000.0
#: So that two blocks are full after two seconds.
INSERT_ROWS = 3_000
SMALL = {"insert_rows": INSERT_ROWS, "group_session_timeout_s": 3, "server_timeout_s": 4}
AWAY_S, BROKER_AWAY_S = 5.0, 6.0
#: A row of the largest table, with all that Arrow adds.
ROW_BYTES = 400


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with running_stack(tmp_path / "run", "embedded", 2, EVENTS_PER_S, **SMALL) as stack:
        watch = Watch(stack)
        watch.wait_until_all_flows()
        yield watch


def test_work_goes_on_by_itself_after_clickhouse_and_then_the_broker_were_away(
    watch: Watch,
) -> None:
    stack = watch.stack
    clickhouse_is_away(watch)
    the_broker_is_away(watch)
    watch.stack.set_rate(1_000)
    checks, result = settle(watch)
    assert [check for check in checks if not check.ok] == []
    assert result["events"] > EVENTS_PER_S * (AWAY_S + BROKER_AWAY_S)
    assert "reading is paused" in (stack.folder / "loader.log").read_text()


def clickhouse_is_away(watch: Watch) -> None:
    """The loader holds two blocks and no more, and stays where it is."""
    stack = watch.stack
    loader = stack.running["loader"]
    before = loader.pid
    stack.away = True
    stack.clickhouse.kill()
    wait_until(lambda: measure(stack, "glasshouse_insert_waiting_seconds") > 0, "it waits")
    watch.stay("away", AWAY_S)
    held = measure(stack, "glasshouse_block_bytes")
    assert 0 < held < 3 * INSERT_ROWS * ROW_BYTES < MOST_BYTES
    watch.stay("still away", 2)
    assert held == measure(stack, "glasshouse_block_bytes"), "reading is paused: it holds no more"
    assert (watch.of("still away")[-1].lag_s or 0) > AWAY_S - 2
    stack.clickhouse.start()
    stack.away = False
    assert goes_on(watch, "back")
    assert loader.pid == before, "it was not started again"
    wait_until(lambda: measure(stack, "glasshouse_insert_waiting_seconds") == 0, "it goes on")


def the_broker_is_away(watch: Watch) -> None:
    """The producer goes on into its spool; the others wait. A worker may end on purpose, and is
    started again."""
    stack = watch.stack
    loader = stack.running["loader"].pid
    stack.broker.go_away()
    made = stack.progress()["events"]
    watch.stay("no broker", BROKER_AWAY_S)
    told = stack.progress()
    assert told["events"] - made > EVENTS_PER_S * BROKER_AWAY_S / 3
    assert told["spooled_messages"] > 20
    stack.broker.come_back()
    assert goes_on(watch, "broker back")
    assert stack.running["loader"].pid == loader
    ended = {status for process in stack.running.values() for status in process.statuses}
    assert ended <= {1, EXIT_STOPPED}, "each end was deliberate"


def goes_on(watch: Watch, phase: str) -> bool:
    """Whether rows are inserted again, more than the loader had in hand."""
    rows = watch.sights[-1][1].rows
    return watch.until(phase, DEADLINE_S, lambda seen: seen.rows > rows + 3 * INSERT_ROWS)


def measure(stack: Stack, metric: str) -> float:
    return sum(stack.metrics("loader").get(metric, ()))
