"""Rounds are run in turn, with what each needs; what was measured is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.peers.measure import peers
from benchmarks.throughput import bench as benches
from benchmarks.throughput.__main__ import app
from benchmarks.throughput.bench import Bench, Plan
from benchmarks.throughput.child import Unclear
from benchmarks.throughput.result import Result
from benchmarks.throughput.show import tables
from tests.benchmarks.made import write_recordings
from tests.benchmarks.results import outcome, result


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    recordings = write_recordings(tmp_path / "made", [700.0], sessions=1, actions=10)
    return Plan(
        recordings,
        tmp_path / "keep",
        events=3_000,
        runs=2,
        small_events=1_000,
        large_events=4_000,
        short_events=2_000,
        fresh_events=2_500,
        with_peers=False,
        with_profile=False,
        settings=("insert_rows=1000",),
    )


class Measuring:
    """In the place of the processes: every run is one million events/s but for the first."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, tuple[Any, ...]]] = []

    def __call__(self, module: str, folder: Path, data_dir: Path, *options: Any) -> dict[str, Any]:
        data_dir.mkdir()
        self.asked.append((module, folder.name, options))
        if module == "once":
            return outcome(1e6, freshness_ms={"p50": 1.0, "p99": 2.0}).to_json()
        if module == "limit":
            parts = ("seconds", "cpu_s", "worker_cpu_s", "arrow_cpu_s")
            return {"events": 1_000, **dict.fromkeys(parts, 1.0)}
        if module == "broker_alone":
            return {"events": 1_000, "produce_s": 1.0, "consume_s": 1.0, "cpu_s": 1.0}
        return {"seconds": 7.5}


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> Measuring:
    found = Measuring()
    monkeypatch.setattr(benches, "measured", found)
    return found


def run(plan: Plan) -> Result:
    bench = Bench(plan)
    for step in list(bench.steps()):
        step.run()
    return bench.result


def test_a_round_measures_ours_and_the_limits_one_after_the_other(
    plan: Plan, measuring: Measuring
) -> None:
    found = run(plan)
    one = [
        ("once", "main"),
        ("limit", "main"),
        ("broker_alone", "main"),
        ("cold", "first"),
        ("once", "fresh"),
        ("once", "main"),
        ("once", "main"),
        ("once", "short"),
        ("once", "short"),
    ]
    growth = [("once", "large"), ("once", "small"), ("once", "small")]
    assert [asked[:2] for asked in measuring.asked] == [*growth, *one, *one]
    assert [len(each) for each in (found.ours, found.limits, found.fresh, found.short)] == [
        2, 2, 2, 2,
    ]  # fmt: skip
    assert {workers: len(runs) for workers, runs in found.by_workers.items()} == {1: 2, 4: 2}
    assert found.cold_s == [7.5, 7.5]


def test_every_run_has_the_settings_and_its_own_workers(plan: Plan, measuring: Measuring) -> None:
    run(plan)
    for module, folder, options in measuring.asked:
        if module != "broker_alone":
            assert options[-2:] == ("--setting", "insert_rows=1000"), (module, folder)
    runs = [(folder, options[1]) for module, folder, options in measuring.asked if module == "once"]
    assert runs[3:9] == [
        ("main", 2), ("fresh", 2), ("main", 1), ("main", 4), ("short", 2), ("short", 1),
    ]  # fmt: skip
    asking = [folder for _, folder, options in measuring.asked if "--ask" in options]
    assert asking == ["large", "main", "main"]


def test_freshness_is_measured_at_half_of_what_was_reached(
    plan: Plan, measuring: Measuring
) -> None:
    run(plan)
    rates = [
        options[options.index("--events-per-s") + 1]
        for _, folder, options in measuring.asked
        if folder == "fresh"
    ]
    assert rates == [500_000.0, 500_000.0]


def test_the_tables_of_a_run_are_gone_and_workloads_stay(plan: Plan, measuring: Measuring) -> None:
    run(plan)
    assert not (plan.keep / "run").exists()
    assert (plan.keep / "main" / "messages.bin").exists()


def test_a_peer_is_asked_for_the_same_recordings_and_one_that_stays_wrong_ends_it(
    plan: Plan, measuring: Measuring, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    wrong: set[int] = set()

    def peer_run(recordings: Path | None, events: int, work_dir: Path) -> SimpleNamespace:
        asked.append((recordings, events, list(work_dir.iterdir())))
        return SimpleNamespace(
            events=events, seconds=2.0, cpu_s=3.0, checked=len(asked) not in (1, *wrong)
        )

    peer = SimpleNamespace(name="Quix", version="1", doing="", usual_events=500, run=peer_run)
    monkeypatch.setattr(benches, "peers", lambda: [peer])
    found = run(replace(plan, with_peers=True))
    assert asked == [(plan.recordings, 500, [])] * 3  # the first was wrong
    assert [each.events_per_s for each in found.rivals[0].runs] == [250.0, 250.0]
    wrong.update(range(20))
    with pytest.raises(RuntimeError, match="Quix made is wrong"):
        run(replace(plan, with_peers=True))


def test_a_measurement_that_cannot_tell_is_repeated_but_not_for_ever(
    plan: Plan, measuring: Measuring, monkeypatch: pytest.MonkeyPatch
) -> None:
    unclear = [True, True]

    def once(module: str, *arguments: Any) -> dict[str, Any]:
        if unclear and unclear.pop():
            raise Unclear("twice")
        return measuring(module, *arguments)

    monkeypatch.setattr(benches, "measured", once)
    assert len(run(plan).ours) == 2
    unclear += [True] * 3
    with pytest.raises(Unclear, match="twice"):
        run(plan)


def test_without_recordings_the_title_says_that_events_are_simulated(tmp_path: Path) -> None:
    assert Bench(Plan(None, tmp_path)).result.title == "SIMULATED events"


def test_what_is_there_of_peers_has_what_is_asked_of_it() -> None:
    for peer in peers():
        assert peer.name and peer.doing and peer.usual_events > 0


def test_a_result_is_shown_again_without_measuring(tmp_path: Path) -> None:
    result(500_000.0).save(tmp_path / "throughput.json")
    shown = CliRunner().invoke(app, ["--show", str(tmp_path / "throughput.json"), "--json"])
    assert shown.exit_code == 0
    assert Result.from_json(json.loads(shown.stdout)) == result(500_000.0)
    table = CliRunner().invoke(app, ["--show", str(tmp_path / "throughput.json")])
    assert table.exit_code == 0


def test_one_that_is_not_there_or_only_begun_is_no_fault_of_the_program(tmp_path: Path) -> None:
    none = CliRunner().invoke(app, ["--show", str(tmp_path / "none.json")])
    assert (none.exit_code, type(none.exception)) == (1, SystemExit)
    begun = replace(result(), ours=[])
    begun.save(tmp_path / "begun.json")
    shown = CliRunner().invoke(app, ["--show", str(tmp_path / "begun.json")])
    assert shown.exit_code == 0
    assert "no main run was made yet" in shown.stdout.replace("\n", " ")


def test_a_quick_one_has_few_steps_and_no_peers(tmp_path: Path) -> None:
    titles = [step.title for step in Bench(Plan.quick(None, tmp_path)).steps()]
    assert len(titles) == 6


@pytest.mark.service
def test_a_small_one_is_measured_from_end_to_end(plan: Plan) -> None:
    plan = replace(plan, runs=1, settings=(), other_workers=())
    found = run(replace(plan, small_events=0, large_events=0, short_events=0))
    assert found.ours[0].events >= 3_000
    assert 0 < found.cold_s[0] < 120
    assert found.fresh[0].freshness_ms["p50"] > 0
    names = [table.name for table in tables(found)]
    assert names == ["speeds", "targets", "processes", "freshness"]


@pytest.mark.parametrize(
    ("options", "missing"),
    [(["--no-profile", "--write", "there"], "find_spec"), ([], "pyspy")],
)
def test_what_is_needed_at_the_end_is_looked_for_before_hours_of_measuring(
    measuring: Measuring, monkeypatch: pytest.MonkeyPatch, options: list[str], missing: str
) -> None:
    def absent(*_: object) -> None:
        return None

    names = {
        "find_spec": "benchmarks.throughput.__main__.find_spec",
        "pyspy": "benchmarks.throughput.profile.pyspy",
    }
    monkeypatch.setattr(names[missing], absent)
    ended = CliRunner().invoke(app, ["--no-peers", *options])
    assert ended.exit_code == 1
    assert "run it as `make bench`" in ended.stderr
    assert not measuring.asked
