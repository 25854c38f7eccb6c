"""What the commands print, and their exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from events.errors import DataDirError, InputError, SettingsError, Stop
from events.settings import Settings
from sinks.commands import register
from sinks.data_dir import claimed
from sinks.warehouse import open_warehouse
from tests.kit.agreed import agreed_flags
from tests.sinks.made import org, run_of
from tests.sinks.test_identity import insert

app = typer.Typer()
register(app)


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.fixture
def data_dir(tmp_path: Path) -> str:
    path = str(tmp_path / "data")
    assert _run("migrate", "--data-dir", path, *agreed_flags()).exit_code == 0
    with open_warehouse(Settings(data_dir=Path(path))) as warehouse:
        insert(warehouse.client, run_of(org(people=3, batches_each=3)))
    return path


@pytest.mark.service
def test_migrate_says_what_it_did(tmp_path: Path) -> None:
    command = ("migrate", "--data-dir", str(tmp_path / "data"), *agreed_flags())
    first = _run(*command).stdout
    assert "applied: 0001_training" in first
    assert "those of policy version 1" in first
    assert "all migrations were applied already" in _run(*command).stdout


def test_migrate_goes_by_no_policy_that_is_not_signed(tmp_path: Path) -> None:
    without = [flag for flag in agreed_flags() if not flag.startswith("--policy-dir")]
    done = _run("migrate", "--data-dir", str(tmp_path / "data"), *without)
    assert "there is none: sign the first" in str(done.exception)
    with open_warehouse(Settings(data_dir=tmp_path / "data")) as warehouse:
        assert not warehouse.client.query("SHOW DATABASES LIKE 'training'").result_rows


@pytest.mark.service
def test_reconcile_ends_with_0_when_all_holds_and_with_1_when_rows_are_gone(data_dir: str) -> None:
    good = _run("reconcile", "--data-dir", data_dir, "--json")
    assert good.exit_code == 0
    assert json.loads(good.stdout)["ok"] is True
    assert "every event is accounted for" in _run("reconcile", "--data-dir", data_dir).stdout
    with open_warehouse(Settings(data_dir=Path(data_dir))) as warehouse:
        warehouse.client.command("DELETE FROM training.interactions WHERE batch = 1001")
    bad = _run("reconcile", "--data-dir", data_dir, "--json")
    assert bad.exit_code == 1
    report = json.loads(bad.stdout)
    assert report["ok"] is False
    failed = [check for check in report["checks"] if not check["ok"]]
    assert failed[0]["name"] == "events in training.interactions"
    assert failed[0]["expected"] - failed[0]["found"] == 5
    shown = _run("reconcile", "--data-dir", data_dir)
    assert shown.exit_code == 1
    assert "NOT every event" in shown.stdout


@pytest.mark.service
def test_query_prints_a_table_or_json_lines(data_dir: str) -> None:
    sql = "SELECT count() AS events FROM training.interactions"
    assert "events" in _run("query", sql, "--data-dir", data_dir).stdout
    answer = _run("query", sql, "--json", "--data-dir", data_dir)
    assert json.loads(answer.stdout) == {"events": 45}
    refused = _run("query", "DROP TABLE training.interactions", "--data-dir", data_dir)
    assert isinstance(refused.exception, InputError)


@pytest.mark.parametrize("words", [("query", "SELECT 1"), ("reconcile",), ("load",)])
def test_a_wrong_data_directory_is_refused_and_not_made(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "nowhere"
    result = _run(*words, "--data-dir", str(path))
    assert isinstance(result.exception, DataDirError)
    assert not path.exists()


@pytest.mark.service
def test_without_tables_or_broker_the_way_out_is_named(tmp_path: Path, data_dir: str) -> None:
    with claimed(tmp_path / "bare"):
        pass
    bare = _run("reconcile", "--data-dir", str(tmp_path / "bare"))
    assert isinstance(bare.exception, Stop)
    assert "glasshouse migrate" in str(bare.exception)
    alone = _run("load", "--data-dir", data_dir, "--kafka-servers", "")
    assert isinstance(alone.exception, SettingsError)
    assert "kafka_servers" in str(alone.exception)
