"""Workers come and go, workers and loaders are killed: the tables end up the same."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.topics import Topic
from tests.end_to_end import scenario, tables
from tests.end_to_end.conftest import Undisturbed
from tests.end_to_end.recordings import USERS
from tests.end_to_end.stack import Running, Stack, running_stack, wait_until

pytestmark = pytest.mark.service

#: One message at a time, each waiting for its acknowledgements: a few hundred a second.
SLOW_WORKER = {"take_messages": 1}
#: A block for each message or so.
SLOW_LOADER = {"insert_rows": 1_000, "insert_age_ms": 10}
JUDGED = "glasshouse_events_in_total"
INSERTED = 'glasshouse_inserted_rows_total{table="training.interactions"}'
#: Events for both purposes, or rows: the scenario has some 82,000 and 36,000.
HALF_WAY = {JUDGED: 30_000, INSERTED: 3_000}
_ROWS = "SELECT count() FROM training.interactions FINAL"


@pytest.fixture
def stack(tmp_path: Path, undisturbed: Undisturbed) -> Iterator[Stack]:
    """A stack of the test's own, with the keys of the undisturbed one."""
    keys = undisturbed.stack.settings.keys_path
    with running_stack(tmp_path / "stack", key_file=keys) as stack:
        yield stack


def assert_same_tables(stack: Stack, undisturbed: Undisturbed) -> None:
    """Load what is left; then the tables are those of the run that nothing disturbed."""
    stack.load()
    found = tables.read(stack.data_dir, **scenario.FINAL_TABLES)
    for name, expected in undisturbed.tables.items():
        assert found[name].equals(expected), f"{name} differ"
    assert stack.run("reconcile").returncode == 0
    assert not [user for user in USERS if user in stack.logs()]


def rows(stack: Stack) -> int:
    ((count,),) = tables.rows(stack.data_dir, _ROWS)
    return int(count)


def kill_half_way(stack: Stack, one: Running, group: str, topic: Topic, done: str) -> None:
    """Kill ``one`` once its metric ``done`` has come far enough, and while its group has not."""
    wait_until(lambda: one.measure(done) >= HALF_WAY[done], "it has come half-way")
    assert one.end(signal.SIGKILL) == -signal.SIGKILL
    _, lag = stack.committed_and_lag(group, stack.ends(topic))
    assert lag > 0, "it was not done"


def test_the_undisturbed_run_has_something_of_everything(undisturbed: Undisturbed) -> None:
    assert all(len(table) for table in undisturbed.tables.values())
    books = undisturbed.tables["books"].to_pylist()
    reasons = {
        reason for row in books for kind in ("withheld", "rejected") for reason, _ in row[kind]
    }
    assert reasons == {"not_enrolled", "coordinate_out_of_range", "undecodable"}
    assert set(undisturbed.tables["rows"]["epoch"].to_pylist()) == {1, 2}
    assert undisturbed.stack.run("reconcile").returncode == 0
    assert not [user for user in USERS if user in undisturbed.stack.logs()]


def test_workers_may_be_replaced_during_a_replay(stack: Stack, undisturbed: Undisturbed) -> None:
    scenario.agree(stack)
    scenario.send_broken_messages(stack)
    first, second = (stack.start("worker", **SLOW_WORKER) for _ in range(2))
    scenario.replay(stack, undisturbed.recordings, scenario.WAVES[0])
    wait_until(lambda: all(one.measure(JUDGED) for one in (first, second)), "both workers are busy")
    assert first.end() == 0
    third = stack.start("worker")
    scenario.replay(stack, undisturbed.recordings, scenario.WAVES[1])
    # The embedded broker cannot yet lose a member: it goes on waiting for a leader that left while
    # others joined. (Chaos on real Kafka has workers leave at any moment.)
    wait_until(lambda: third.measure(JUDGED) > 0, "the third worker is busy")
    assert second.end() == 0
    scenario.replay(stack, undisturbed.recordings, scenario.WAVES[2])
    stack.wait_until_judged()
    assert_same_tables(stack, undisturbed)


def test_a_worker_and_a_loader_killed_half_way_lose_and_double_nothing(
    stack: Stack, undisturbed: Undisturbed
) -> None:
    scenario.send_everything(stack, undisturbed.recordings)
    worker = stack.start("worker", **SLOW_WORKER)
    kill_half_way(stack, worker, stack.settings.worker_group, Topic.RAW, JUDGED)
    loader = stack.start("load", **SLOW_LOADER)
    kill_half_way(stack, loader, stack.settings.loader_group, Topic.TRAINING, INSERTED)
    assert 0 < rows(stack) < len(undisturbed.tables["rows"])
    stack.start("worker")
    stack.wait_until_judged()
    assert_same_tables(stack, undisturbed)
