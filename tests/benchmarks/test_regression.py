"""What has become slower is found by ratios; a slower machine is no regression."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.throughput.regression import Compared, app, compare
from benchmarks.throughput.result import Result
from events.errors import InputError
from tests.benchmarks.results import result

ALONE = "events/s over ClickHouse alone"


def found(before: Result, after: Result, allowed: float = 0.1) -> dict[str, Compared]:
    return {each.name: each for each in compare(before, after, allowed)}


def test_what_has_become_slower_by_more_than_is_allowed_is_a_regression() -> None:
    each = found(result(500_000), result(400_000))[ALONE]
    assert (each.before, each.after) == (0.5, 0.4)
    assert each.worse == pytest.approx(0.2)
    assert each.is_regression


def test_what_has_become_slower_by_less_or_faster_is_none() -> None:
    for speed in (460_000, 500_000, 900_000):
        assert not any(
            each.is_regression for each in found(result(500_000), result(speed)).values()
        )


def test_a_machine_of_half_the_speed_is_no_regression() -> None:
    compared = found(result(500_000), result(500_000, machine_speed=0.5), allowed=0.01)
    assert compared[ALONE].worse == pytest.approx(0)
    assert not compared[ALONE].is_regression


def test_what_is_within_the_range_of_the_runs_is_no_regression() -> None:
    noisy = result(300_000, 420_000, 600_000)
    each = found(result(500_000), noisy)[ALONE]
    assert each.noise == pytest.approx(0.3)
    assert not each.is_regression
    assert found(result(500_000), result(419_000, 420_000, 421_000))[ALONE].is_regression


def test_what_was_not_measured_in_both_is_not_compared() -> None:
    alone = result()
    alone.rivals = []
    each = found(result(), alone)["events/s over Quix Streams"]
    assert (each.before, each.after, each.is_regression) == (None, None, False)


def test_results_of_other_work_or_without_limits_are_not_compared() -> None:
    with pytest.raises(InputError, match="in batches of 25 by"):
        compare(result(), replace(result(), batch_events=25), 0.1)
    with pytest.raises(InputError, match="nothing"):
        compare(result(), replace(result(), ours=[]), 0.1)
    with pytest.raises(InputError, match="no limit was measured"):
        compare(result(), replace(result(), limits=[]), 0.1)


def test_results_of_other_settings_are_not_compared() -> None:
    with pytest.raises(InputError, match="insert_rows=5"):
        compare(result(), replace(result(), settings=["insert_rows=5"]), 0.1)


def test_the_command_fails_where_something_has_become_worse(tmp_path: Path) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    result(500_000).save(before)
    result(300_000).save(after)
    same = CliRunner().invoke(app, [str(before), str(before)])
    worse = CliRunner().invoke(app, [str(before), str(after), "--json"])
    assert (same.exit_code, worse.exit_code) == (0, 1)
    told = json.loads(worse.stdout)["compared"]
    assert {each["name"] for each in told if each["is_regression"]} >= {ALONE}
    allowed = CliRunner().invoke(app, [str(before), str(after), "--allowed", "0.5"])
    assert allowed.exit_code == 0
    missing = CliRunner().invoke(app, [str(before), str(tmp_path / "none.json")])
    assert missing.exit_code == 2


def test_a_result_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    made = result(500_000, 400_000)
    made.by_workers = {1: made.ours, 4: []}
    made.save(tmp_path / "one.json")
    read = Result.load(tmp_path / "one.json")
    assert read == made
    read.save(tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
