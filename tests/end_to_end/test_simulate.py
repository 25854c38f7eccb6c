"""`glasshouse simulate` against workers and a loader: it comes out as the simulation says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end import tables
from tests.end_to_end.stack import running_stack

pytestmark = pytest.mark.service

#: Nobody changes their mind half-way: with that it would depend on how far the workers were.
_OPTIONS = (
    *("--employees", 60, "--teams", 4, "--events", 20_000, "--seed", 5, "--batch-events", 32),
    *("--broken-share", 0.05, "--never-share", 0.2, "--withdraw-share", 0, "--pause-share", 0),
    "--json",
)
_TOTALS = """
SELECT purpose, sum(event_count), sum(passed_count), sumMap(withheld), sumMap(rejected)
FROM governance.accounting FINAL GROUP BY purpose
"""
_ROWS = "SELECT count(), countIf(origin = 'simulated') FROM training.interactions FINAL"


def test_the_totals_are_those_that_the_simulation_expects(tmp_path: Path) -> None:
    with running_stack(tmp_path / "stack") as stack:
        stack.start("worker")
        told = json.loads(stack.must("simulate", *_OPTIONS))
        assert told["simulated"] is True
        stack.wait_until_judged()
        stack.load()
        expected = told["expected_if_phases_are_waited_for"]
        for purpose, events, passed, withheld, rejected in tables.rows(stack.data_dir, _TOTALS):
            assert events == expected["events_in"]
            found = {"passed": passed, "withheld": dict(withheld), "rejected": dict(rejected)}
            assert found == expected["purposes"].pop(purpose)
            assert withheld
            assert rejected
        assert not expected["purposes"]
        ((rows, simulated),) = tables.rows(stack.data_dir, _ROWS)
        assert rows == simulated > 0
        assert stack.run("reconcile").returncode == 0
