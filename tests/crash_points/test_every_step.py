"""A process dies between any two of its steps; started again, it leaves the tables of a run in
which nothing happened."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash_points import points
from tests.end_to_end import scenario, tables
from tests.end_to_end.people import two_epochs
from tests.end_to_end.recordings import USERS, first_day
from tests.end_to_end.stack import DEADLINE_S, Stack, running_stack

pytestmark = pytest.mark.service

PEOPLE = USERS[2:5]
#: So that there are several takes and several blocks of each partition.
SMALL = {"take_messages": 16, "insert_rows": 2_000, "insert_age_ms": 200}


def send(stack: Stack, recordings: Path) -> None:
    scenario.agree(stack)
    scenario.send_broken_messages(stack)
    scenario.replay(stack, recordings, PEOPLE)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, recordings: Path) -> Iterator[Stack]:
    """A stack with all that one worker made of the input, without fault."""
    folder = tmp_path_factory.mktemp("judged")
    two_epochs(folder / "keys.json", first_day())
    with running_stack(folder, key_file=folder / "keys.json", **SMALL) as stack:
        send(stack, recordings)
        worker = stack.start("worker")
        stack.wait_until_judged()
        assert worker.end() == 0
        yield stack


@pytest.fixture(scope="module")
def expected(judged: Stack) -> dict[str, Any]:
    """The tables of that run."""
    judged.load()
    return tables.read(judged.data_dir, **scenario.FINAL_TABLES)


def die(stack: Stack, which: str, number: int, **settings: object) -> None:
    """Run a process until it dies at its point; fails if it ends in any other way."""
    module = "tests.crash_points.die_at"
    dying = stack.start_module(module, which, number, **settings)
    status = dying.process.wait(DEADLINE_S)
    assert status == -signal.SIGKILL, dying.log_file.read_text()


def named(which: str) -> pytest.MarkDecorator:
    found: tuple[points.Point, ...] = getattr(points, which)
    ids = [f"{point.name}, {point.when} {point.place.rpartition(':')[2]}" for point in found]
    return pytest.mark.parametrize("number", range(len(found)), ids=ids)


@named("WORKER")
def test_a_worker_that_dies_changes_nothing(
    number: int, judged: Stack, expected: dict[str, Any], recordings: Path, tmp_path: Path
) -> None:
    keys = judged.settings.keys_path
    with running_stack(tmp_path / "stack", key_file=keys, **SMALL) as stack:
        send(stack, recordings)
        die(stack, "WORKER", number)
        stack.start("worker")
        stack.wait_until_judged()
        stack.load()
        assert_same(stack.data_dir, expected)
        assert stack.run("reconcile").returncode == 0


@named("LOADER")
def test_a_loader_that_dies_changes_nothing(
    number: int, judged: Stack, expected: dict[str, Any], tmp_path: Path
) -> None:
    own = {"data_dir": tmp_path / "data", "group_prefix": f"loader-{number}"}
    stack = Stack(judged.folder, judged.servers, judged.admin, {**judged.more, **own})
    stack.must("migrate")
    die(stack, "LOADER", number)
    stack.load()
    assert_same(tmp_path / "data", expected)
    assert stack.run("audit", "verify").returncode == 0, stack.said[-1]


def assert_same(data_dir: Path, expected: dict[str, Any]) -> None:
    found = tables.read(data_dir, **scenario.FINAL_TABLES)
    for name, table in expected.items():
        assert len(table) > 0
        assert found[name].equals(table), f"{name} differ"
