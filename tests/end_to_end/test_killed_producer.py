"""A live producer is killed again and again: what it had published is in the tables, all of it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from events.batch import InteractionBatch, from_record
from events.codec import Codec
from events.errors import Reject
from events.topics import Topic
from tests.end_to_end import scenario, tables
from tests.end_to_end.conftest import Undisturbed
from tests.end_to_end.live_producer import batches, how_far
from tests.end_to_end.recordings import USERS, write_recordings
from tests.end_to_end.stack import DEADLINE_S, Stack, environ, running_stack, wait_until
from tests.producers.read_back import everything_on
from tests.strategies import OPENER

pytestmark = pytest.mark.service

#: How often it is killed; more with PRODUCER_KILLS=100.
KILLS = int(os.environ.get("PRODUCER_KILLS", "5"))


@dataclass(slots=True)
class LiveProducer:
    """Processes one after the other, which share a spool and how far they came."""

    stack: Stack
    recordings: Path
    left_over: list[int] = field(default_factory=list)

    @property
    def progress(self) -> Path:
        return self.stack.folder / "progress"

    @property
    def spool_dir(self) -> Path:
        return self.stack.folder / "spool"

    def start(self) -> subprocess.Popen[str]:
        """A process that has opened the spool."""
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.end_to_end.live_producer"),
                *(self.stack.servers, self.stack.settings.keys_path),
                *(self.spool_dir, self.recordings, self.progress),
            ],
            stdout=subprocess.PIPE,
            text=True,
            env=environ(),
        )
        assert process.stdout is not None
        with process.stdout as said:
            self.left_over.append(int(said.readline()))
        return process

    def run_and_be_killed(self, at_batch: int, after_s: float) -> None:
        """Killed so long after it came so far."""
        process = self.start()
        wait_until(
            lambda: how_far(self.progress) >= at_batch or process.poll() is not None,
            "the producer comes so far",
        )
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        assert process.wait(DEADLINE_S) == -signal.SIGKILL, "it was killed before its end"

    def run_to_the_end(self) -> None:
        process = self.start()
        assert process.wait(DEADLINE_S) == 0


@pytest.fixture
def live(tmp_path: Path, undisturbed: Undisturbed) -> Iterator[LiveProducer]:
    """A live producer into a stack of its own, with the recordings and keys of the undisturbed."""
    keys = undisturbed.stack.settings.keys_path
    recordings = write_recordings(tmp_path / "recordings", USERS)
    with running_stack(tmp_path / "stack", key_file=keys) as stack:
        yield LiveProducer(stack, recordings)


def on_the_topic(stack: Stack) -> list[tuple[int, InteractionBatch]]:
    """Every batch that Kafka has, with its partition, each partition's in its order; broken
    messages left out."""
    codec, found = Codec(), []
    for message in everything_on(Topic.RAW, stack.settings):
        try:
            batch = from_record(codec.decode("interaction_batch", message.value() or b""))
        except Reject:
            continue
        opened = replace(batch, header=OPENER.opened(batch.header))
        found.append((message.partition() or 0, opened))
    return found


def are_in_order(
    found: Iterable[tuple[int, InteractionBatch]], wanted: Iterable[InteractionBatch]
) -> bool:
    """Whether each partition has everybody's batches in the order of ``wanted``, by when each came
    first. Each run of a producer draws the partition of each session anew."""
    places = {batch.header.batch_id: place for place, batch in enumerate(wanted)}
    came: dict[tuple[int, str], dict[int, None]] = defaultdict(dict)
    for partition, batch in found:
        came[partition, batch.header.subject][places[batch.header.batch_id]] = None
    return all(list(each) == sorted(each) for each in came.values())


def test_a_producer_killed_again_and_again_loses_nothing(
    live: LiveProducer, undisturbed: Undisturbed
) -> None:
    stack = live.stack
    scenario.agree(stack)
    scenario.send_broken_messages(stack)
    wanted = batches(live.recordings)
    for nth in range(KILLS):  # over the first four fifths, so that each finds one to kill
        at_batch = len(wanted) * 4 // 5 * nth // KILLS + 1
        live.run_and_be_killed(at_batch, after_s=random.uniform(0, 0.05))
    assert how_far(live.progress) < len(wanted)
    live.run_to_the_end()
    assert live.left_over[0] == 0
    assert sum(live.left_over) > 0, "no kill found anything that Kafka had not acknowledged"
    assert (how_far(live.progress), is_empty(live)) == (len(wanted), True)

    found = on_the_topic(stack)
    assert {batch.header.batch_id for _, batch in found} == {b.header.batch_id for b in wanted}
    assert are_in_order(found, wanted)

    worker = stack.start("worker")
    stack.wait_until_judged()
    assert worker.end() == 0
    assert_same_tables_but_for_repeats(stack, undisturbed)


def is_empty(live: LiveProducer) -> bool:
    said = live.stack.must("spool", "show", "--json", "--spool-dir", live.spool_dir)
    return bool(json.loads(said)["batches"] == 0)


def assert_same_tables_but_for_repeats(stack: Stack, undisturbed: Undisturbed) -> None:
    """The tables are those of the run that nothing disturbed. The books have a line for each
    message, repeats as well, and the lines of a repeat say the same."""
    stack.load()
    found = tables.read(stack.data_dir, **scenario.FINAL_TABLES)
    for name, expected in undisturbed.tables.items():
        if name == "books":
            assert lines(found[name]) == lines(expected)
        else:
            assert found[name].equals(expected), f"{name} differ"
    assert stack.run("reconcile").returncode == 0
    assert not [user for user in USERS if user in stack.logs()]


def lines(table: Any) -> set[str]:
    return {json.dumps(line, sort_keys=True) for line in table.to_pylist()}
