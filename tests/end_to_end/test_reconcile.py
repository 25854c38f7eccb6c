"""`glasshouse reconcile` agrees with sound runs, and finds what was deleted by hand."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end import tables
from tests.end_to_end.conftest import Demo
from tests.end_to_end.stack import glasshouse


@dataclass(frozen=True, slots=True)
class Deletion:
    """``pick`` gives one value, for ``find`` and ``delete``; ``find`` counts what ``delete``
    deletes; ``check`` is the check that is short by so many, ``where`` what its details say."""

    pick: str
    find: str
    delete: str
    check: str
    where: str


# What is deleted is picked first, and named as it is: a mutation asks a subquery again for every
# part, when others have lost rows already.
DELETIONS = {
    "rows": Deletion(
        "SELECT min(batch) FROM training.interactions",
        "SELECT count() FROM training.interactions FINAL WHERE batch = {}",
        "ALTER TABLE training.interactions DELETE WHERE batch = {} SETTINGS mutations_sync = 2",
        "events in training.interactions",
        "missing",
    ),
    "rows, lightly": Deletion(
        "SELECT toUInt16(7)",
        "SELECT count() FROM training.interactions FINAL WHERE `index` = {}",
        "DELETE FROM training.interactions WHERE `index` = {}",
        "events in training.interactions",
        "missing",
    ),
    "partials": Deletion(
        "SELECT toUnixTimestamp(max(window_start)) FROM analytics.window_partials",
        "SELECT sum(event_count) FROM analytics.window_partials FINAL WHERE window_start = {}",
        "DELETE FROM analytics.window_partials WHERE window_start = {}",
        "events in analytics.window_partials",
        "missing",
    ),
    "accounts": Deletion(
        "SELECT topK(1)(partition)[1] FROM governance.accounting",
        "SELECT toUInt64(1)",
        "ALTER TABLE governance.accounting DELETE WHERE partition = {} AND `offset` = 1 "
        "SETTINGS mutations_sync = 2",
        "messages accounted for agent_training",
        "offsets 1 to 1 (1 messages) are not accounted",
    ),
}


def reconcile(data_dir: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return glasshouse("reconcile", "--data-dir", data_dir, *options, folder=data_dir.parent)


def checks(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def test_sound_runs_reconcile(demo: Demo, demo_of_some: Demo) -> None:
    for one in (demo, demo_of_some):
        done = reconcile(one.data_dir, "--json")
        assert done.returncode == 0
        assert json.loads(done.stdout)["ok"] is True
        passed = one.result["purposes"]["agent_training"]["passed"]
        assert checks(done)["events in training.interactions"]["found"] == passed


@pytest.mark.parametrize("deletion", DELETIONS.values(), ids=DELETIONS.keys())
def test_what_was_deleted_by_hand_is_found(demo: Demo, deletion: Deletion, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    shutil.copytree(demo.data_dir, data_dir, symlinks=True)
    ((picked,),) = tables.rows(data_dir, deletion.pick)
    ((deleted,),) = tables.rows(data_dir, deletion.find.format(picked))
    tables.change(data_dir, deletion.delete.format(picked))
    done = reconcile(data_dir, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["ok"] is False
    check = checks(done)[deletion.check]
    assert check["expected"] - check["found"] == deleted > 0
    assert not check["ok"]
    told = [detail for each in checks(done).values() for detail in each["details"]]
    assert any(deletion.where in detail for detail in told)


def test_a_person_reads_which_table_is_short_and_by_how_many(demo: Demo, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    shutil.copytree(demo.data_dir, data_dir, symlinks=True)
    tables.change(data_dir, "TRUNCATE TABLE analytics.window_partials")
    done = reconcile(data_dir)
    passed = demo.result["purposes"]["team_analytics"]["passed"]
    assert done.returncode == 1
    (line,) = (
        line for line in done.stdout.splitlines() if "events in analytics.window_partials" in line
    )
    assert [cell.strip() for cell in line.strip("│ ").split("│")][1:] == [
        f"{passed:,}",
        "0",
        "FAILED",
    ]
    assert "NOT every event is accounted for" in done.stdout
