"""Stacks and threads go to the stage that they belong to."""

from __future__ import annotations

import pytest

from benchmarks.throughput.stages import STAGES, by_stage, native_stage, shares, stage_of
from tests.benchmarks.results import outcome
from tests.documents import ROOT

WORKER = "main (glasshouse.py:1);_run_once (asyncio/base_events.py:1);_judge (streams/worker.py:9)"


@pytest.mark.parametrize(
    ("stack", "stage"),
    [
        (f"{WORKER};decode (streams/decode.py:1);Codec.decode (events/codec.py:1)", "decode"),
        (f"{WORKER};emit (streams/emit.py:1);Codec.encode (events/codec.py:1)", "Avro out"),
        (f"{WORKER};open (streams/open_subjects.py:1);open (events/sealing.py:1)", "open the seal"),
        (f"{WORKER};keyed_id (streams/pseudonymise.py:1)", "pseudonyms"),
        (f"{WORKER};take (numpy/core.py:1)", "Faust per message"),
        ("run (asyncio/events.py:1);_fetch (aiokafka/consumer/fetcher.py:1)", "fetch"),
        ("insert (sinks/insert.py:1);query (chdb/state/sqlitelike.py:1)", "insert"),
        ("decode (sinks/decode.py:1);interactions (sinks/tables/interactions.py:1)", "Arrow"),
        ("run (threading.py:1);somewhere (else.py:1)", "other"),
        ("run (threading.py:1);_worker (concurrent/futures/thread.py:81)", None),
        (f"{WORKER};select (selectors.py:1)", None),
    ],
)  # fmt: skip
def test_a_stack_belongs_to_its_innermost_file_that_is_known(stack: str, stage: str | None) -> None:
    assert stage_of(stack) == stage


def test_every_file_of_ours_that_has_a_stage_is_there() -> None:
    ours = [part for part, _ in STAGES if part.startswith(("streams/", "sinks/", "events/"))]
    files = [file.relative_to(ROOT).as_posix() for file in ROOT.glob("*/**/*.py")]
    assert [part for part in ours if not any(file.startswith(part) for file in files)] == []


def test_shares_are_of_the_time_in_which_something_was_done() -> None:
    lines = [
        f"{WORKER};emit (streams/emit.py:1) 30",
        f"{WORKER};decode (streams/decode.py:1) 10",
        f"{WORKER};select (selectors.py:1) 1000",
    ]
    assert shares(lines) == {"Avro out": 0.75, "decode": 0.25}


def test_threads_that_are_not_pythons_are_known_by_their_names() -> None:
    assert native_stage("loader", "MergeMutate") == "merge"
    assert native_stage("loader", "rdk:broker") == "fetch"
    assert native_stage("worker", "rdk:broker") == "commit"
    assert native_stage("loader", "BgSchPool") == "ClickHouse, in the background"


def test_all_stages_of_a_process_add_up_to_what_it_uses_unwatched() -> None:
    threads = {
        "worker 1": {"python": 3.0, "rdk:broker": 1.0},
        "worker 2": {"python": 2.0, "rdk:broker": 1.0},
        "loader": {"python": 2.0, "MergeMutate": 1.0},
        "broker": {"tokio": 0.5},
    }
    made = outcome(threads=threads)
    used = {"worker": 14.0, "loader": 1.5, "broker": 0.5}
    stacks = [f"{WORKER};emit (streams/emit.py:1) 1", f"{WORKER};decode (streams/decode.py:1) 1"]
    inserts = ["insert (sinks/insert.py:1) 3", "wait (benchmarks/throughput/once.py:1) 1"]
    found = by_stage(made, {"worker": stacks, "loader": inserts}, used)
    assert found["worker"] == {"Avro out": 5.0, "decode": 5.0, "commit": 4.0}
    assert found["loader"] == pytest.approx({"insert": 0.9, "merge": 0.6})
    assert found["broker"] == {"broker": 0.5}
