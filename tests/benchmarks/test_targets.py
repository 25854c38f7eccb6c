"""Each target says what it wants, what was measured, and how far it is."""

from __future__ import annotations

import pytest

from benchmarks.throughput.questions import ONE_PERSON, TEAM_HOURS
from benchmarks.throughput.result import Result
from benchmarks.throughput.show import method, spread, tables
from benchmarks.throughput.spread import Spread
from benchmarks.throughput.targets import Target, targets
from tests.benchmarks.results import outcome, result

BY_NAME = {target.name: target for target in targets()}


def verdict(name: str, made: Result) -> str:
    return BY_NAME[name].verdict(made)


def test_the_median_decides() -> None:
    assert verdict("end to end", result(1_100_000, 1_000_000, 200_000)) == "met"
    assert verdict("end to end", result(1_100_000, 500_000, 200_000)) == "not met: 0.50 times it"


def test_a_limit_is_met_from_below() -> None:
    # 2 workers of 2 s, a loader of 1 s and a broker of half a second; the producer is not counted
    assert BY_NAME["CPU, workers + loader + broker"].values(result()) == [5.5]
    assert verdict("CPU, workers + loader + broker", result()) == "not met: 2.75 times it"
    assert BY_NAME["CPU, all merges that come later too"].values(result()) == [6.0]
    assert verdict("training table", result()) == "met"
    assert verdict("worker's memory", result()) == "met"


def test_ours_is_set_against_what_was_measured_in_the_same_round() -> None:
    assert list(BY_NAME["over Quix Streams"].values(result(500_000, 1_000_000))) == [10.0, 20.0]
    assert list(BY_NAME["share of ClickHouse's limit"].values(result(600_000))) == [0.6]


def test_what_was_not_measured_is_called_so() -> None:
    assert verdict("over plain Faust", result()) == "not measured"
    assert verdict("first row after a cold start", result()) == "not measured"


def test_cost_as_work_grows_is_that_of_many_events_over_that_of_few() -> None:
    made = result()
    made.small = [outcome(worker_s=2.0), outcome(worker_s=2.0)]
    made.large = [outcome(events=10_000_000, worker_s=20.0)]
    few, many = made.small[0].cpu_s_a_million, made.large[0].cpu_s_a_million
    assert BY_NAME["CPU an event, many over few events"].values(made) == [many / few] * 2


def test_a_billion_rows_are_extrapolated_upwards_and_it_is_said() -> None:
    made = result()
    made.ours = [outcome(answers_ms={ONE_PERSON: wait}) for wait in (10.0, 20.0, 40.0)]
    made.large = [outcome(events=100_000_000, answers_ms={ONE_PERSON: 20.0, TEAM_HOURS: 10.0})]
    name = next(name for name in BY_NAME if "EXTRAPOLATED" in name)
    # ten times the rows: by the square root of ten and of two times a hundred; never less
    assert BY_NAME[name].values(made) == pytest.approx([20.0 * 2**0.5, 20.0, 20.0])
    assert verdict("team-hour view, large run", made) == "met"


def test_every_target_has_a_line() -> None:
    table = next(table for table in tables(result()) if table.name == "targets")
    assert [row[0] for row in table.rows] == list(BY_NAME)


def test_the_table_has_ours_the_peers_and_the_limits_with_ratios() -> None:
    table = next(table for table in tables(result(500_000)) if table.name == "speeds")
    shares = {row[0]: row[3] for row in table.rows}
    assert shares["Glasshouse, 2 workers"] == "1.00"
    assert shares["Quix Streams 3"] == "10.00"
    assert shares["limit: ClickHouse, the same rows from memory, alone"] == "0.50"


def test_a_figure_has_its_range() -> None:
    assert spread(Spread.of([3.0, 1.0, 2.0]), 1) == "2.0 (1.0 to 3.0)"
    assert spread(Spread.of([3.0])) == "3"
    assert spread(None) == "not measured"
    with pytest.raises(ValueError, match="no run"):
        Spread.of([])


def test_the_method_says_what_the_events_are_and_that_they_were_checked() -> None:
    text = method(result())
    assert text.startswith("made up: 1,000,000 of 7 people")
    assert "20 checks" in text
    assert "No run had to be made again." in text


def test_runs_that_were_made_again_are_told_of() -> None:
    made = result()
    made.repeated = ["once main: rows came again", "once main: rows came again"]
    assert "once main: rows came again (2 times)" in method(made)


def test_a_result_that_is_only_begun_has_no_table_and_says_so() -> None:
    made = result()
    made.ours = []
    assert list(tables(made)) == []
    assert "no main run" in method(made)


def test_each_line_says_of_how_many_runs_it_is() -> None:
    table = next(table for table in tables(result(1, 2, 3)) if table.name == "targets")
    assert {row[0]: row[3] for row in table.rows}["end to end"] == "3"
    assert {row[0]: row[3] for row in table.rows}["over plain Faust"] == ""


def test_a_target_that_is_no_number_was_not_measured() -> None:
    target = Target("none", 1.0, "", lambda _: [float("nan")])
    assert target.verdict(result()) == "not measured"
