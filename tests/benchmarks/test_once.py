"""A small run from end to end, and what is measured beside it. Times are not looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.throughput.broker_alone import BrokerAlone
from benchmarks.throughput.checks import refuse
from benchmarks.throughput.child import Unclear
from benchmarks.throughput.feeding import Sent
from benchmarks.throughput.limit import Limit
from benchmarks.throughput.once import _refuse_slow_feed
from benchmarks.throughput.outcome import Outcome, Used
from benchmarks.throughput.prepared import Prepared, prepare
from benchmarks.throughput.questions import MAKING, ONE_PERSON, TEAM_HOURS
from benchmarks.throughput.use import LOADER, Use, merge_cpu_s
from sinks.reconcile import Check
from tests.benchmarks.throughput_made import small_workload
from tests.documents import ROOT

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("throughput")
    return prepare(small_workload(folder / "made"), folder / "prepared")


def ran(module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"benchmarks.throughput.{module}", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=200, check=False
    )


def test_a_run_tells_what_it_took_once_every_row_is_there(
    prepared: Prepared, tmp_path: Path
) -> None:
    how = ("--workers", 1, "--events-per-s", 5_000, "--ask")
    done = ran("once", prepared.folder, tmp_path / "data", *how)
    assert done.returncode == 0, done.stderr
    outcome = Outcome.from_json(json.loads(done.stdout))
    assert outcome.events == prepared.expected.events
    assert outcome.seconds > 0
    assert outcome.checks > 15
    assert set(outcome.used) == {"worker 1", "broker", "loader", "producer"}
    assert outcome.peak_of("worker") > 50_000_000
    assert outcome.disk["training.interactions"].rows == prepared.expected.rows
    assert 0 < outcome.freshness_ms["p50"] <= outcome.freshness_ms["p99"]
    assert set(outcome.answers_ms) == {MAKING, TEAM_HOURS, ONE_PERSON}
    assert outcome.wire_bytes > prepared.expected.events
    assert outcome.produced_s == pytest.approx(prepared.expected.events / 5_000, rel=1.0)
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


def test_a_run_whose_sums_are_wrong_tells_no_time(prepared: Prepared, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    folder.mkdir()
    for file in ("keys.json", "people.txt", "messages.bin"):
        (folder / file).symlink_to(prepared.folder / file)
    expected = replace(prepared.expected, x_px=prepared.expected.x_px + 4)
    wrong = replace(prepared, expected=expected)
    (folder / "prepared.json").write_text(json.dumps(wrong.to_json()))
    done = ran("once", folder, tmp_path / "data", "--workers", 1)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "x_px of training.interactions" in done.stderr


def test_a_rate_that_the_producer_did_not_hold_tells_nothing() -> None:
    sent = Sent(began_ns=0, ended_ns=2_000_000_000, ends={}, wire_bytes=0, cpu_s=0.0)
    _refuse_slow_feed(sent, 2_000, None)
    _refuse_slow_feed(sent, 2_000, 1_000)
    with pytest.raises(Unclear, match="was to send 1,200 events/s and sent 1,000"):
        _refuse_slow_feed(sent, 2_000, 1_200)


def test_merges_after_the_end_are_those_behind_and_all_that_was_asked_for() -> None:
    def use(loader_s: float, merges_s: float) -> Use:
        return Use({LOADER: Used(loader_s, 0)}, {LOADER: {"MergeMutate": merges_s}})

    assert merge_cpu_s(use(10, 2), use(15, 3), use(19, 4)) == 1 + 4


def test_a_check_that_fails_is_named_with_both_figures() -> None:
    assert refuse([Check("rows", 1, 1)]) == 1
    with pytest.raises(RuntimeError, match="rows: 1,000 expected, 999 found"):
        refuse([Check("events", 5, 5), Check("rows", 1_000, 999)])


def test_the_limit_inserts_the_rows_of_the_same_messages(
    prepared: Prepared, tmp_path: Path
) -> None:
    done = ran("limit", prepared.folder, tmp_path / "data")
    assert done.returncode == 0, done.stderr
    limit = Limit.from_json(json.loads(done.stdout))
    assert limit.events == prepared.expected.rows
    assert limit.seconds > 0
    assert limit.worker_cpu_s > 0
    assert limit.arrow_cpu_s > 0


def test_the_broker_alone_gives_what_it_took(prepared: Prepared, tmp_path: Path) -> None:
    done = ran("broker_alone", prepared.folder, tmp_path / "work")
    assert done.returncode == 0, done.stderr
    alone = BrokerAlone.from_json(json.loads(done.stdout))
    assert alone.events == prepared.expected.events
    assert alone.produce_s > 0 < alone.consume_s
