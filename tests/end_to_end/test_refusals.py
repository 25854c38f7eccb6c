"""What cannot be done is refused at once, with an exit status of 2 and a text that says what to do;
never with a traceback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.stack import environ, glasshouse, wait_until
from tests.kit.agreed import agreed

pytestmark = pytest.mark.service

_NOBODY = "127.0.0.1:1"
_HOLD = """
import sys, time
from pathlib import Path
from events.settings import Settings
from sinks.warehouse import open_warehouse
with open_warehouse(Settings(data_dir=Path(sys.argv[1]))):
    print("open", flush=True)
    time.sleep(600)
"""


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """What the command said on standard error, in one line."""
    assert done.returncode == 2, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with keys and tables. Not to be changed."""
    data_dir = tmp_path_factory.mktemp("made") / "data"
    for command in (("keys", "init"), ("migrate",)):
        done = glasshouse(*command, "--data-dir", data_dir, folder=data_dir.parent, **agreed())
        assert done.returncode == 0, done.stderr
    return data_dir


@pytest.fixture
def data_dir(made: Path, tmp_path: Path) -> Path:
    """A copy of it, for one test to spoil."""
    shutil.copytree(made, tmp_path / "data", symlinks=True)
    return tmp_path / "data"


def test_a_second_process_on_a_data_directory_is_told_who_has_it(made: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(made)],
        stdout=subprocess.PIPE,
        env=environ(),
        text=True,
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "open\n"
        for command in (("query", "SELECT 1"), ("reconcile",), ("demo", "--events", "100")):
            said = refused(glasshouse(*command, "--data-dir", made, folder=made.parent))
            assert f"data directory {made} is in use by process {holder.pid}" in said
    finally:
        holder.kill()
        holder.communicate()
    assert glasshouse("reconcile", "--data-dir", made, folder=made.parent).returncode == 0


def test_a_data_directory_of_another_version_is_refused(data_dir: Path) -> None:
    (data_dir / "glasshouse.json").write_text('{"format": 99}')
    for command in (("query", "SELECT 1"), ("demo", "--events", "100")):
        said = refused(glasshouse(*command, "--data-dir", data_dir, folder=data_dir.parent))
        assert "has format 99, this version of glasshouse uses 1" in said


def test_a_directory_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    said = refused(glasshouse("demo", "--data-dir", tmp_path, folder=tmp_path))
    assert "was not made by glasshouse" in said
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_tables_that_cannot_be_opened_are_told_without_a_traceback(data_dir: Path) -> None:
    tables = data_dir / "clickhouse"
    shutil.rmtree(tables)
    tables.write_text("not a directory")
    said = refused(glasshouse("query", "SELECT 1", "--data-dir", data_dir, folder=data_dir.parent))
    assert f"the tables in {tables} cannot be opened" in said


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE analytics.group_limit DELETE WHERE 1",
        "INSERT INTO analytics.group_limit (smallest_group) VALUES (2)",
        "SELECT 1 INTO OUTFILE 'leak.csv'",
    ],
)
def test_a_query_that_writes_is_refused(made: Path, statement: str) -> None:
    done = glasshouse("query", "--json", "--data-dir", made, statement, folder=made.parent)
    said = refused(done)
    assert "ClickHouse does not answer this" in said or "query only reads" in said
    assert not (made.parent / "leak.csv").exists()
    sound = "SELECT count() AS n, max(smallest_group) AS k FROM analytics.group_limit FINAL"
    done = glasshouse("query", "--json", "--data-dir", made, sound, folder=made.parent)
    assert json.loads(done.stdout) == {"n": 1, "k": 10}


def test_wrong_settings_are_all_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "glasshouse.toml").write_text('insert_rows = "many"\nno_such_setting = 1\n')
    done = glasshouse(
        *("demo", "--batch-events", "0", "--log-level", "loud"),
        folder=tmp_path,
        ledger_max_age_ms=1,
    )
    said = refused(done)
    assert "settings: 5 fault(s)" in said
    for name, place in {
        "batch_events": "flag",
        "log_level": "flag",
        "ledger_max_age_ms": "environment",
        "insert_rows": "file glasshouse.toml",
        "no_such_setting": "file glasshouse.toml",
    }.items():
        assert f"- {name}: " in said
        assert f"(from {place})" in said
    assert not (tmp_path / "glasshouse-data").exists()


def test_a_wrong_policy_is_told_with_every_fault(made: Path, tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    policy = tmp_path / "policies" / "0001.toml"
    policy.write_text('version = 0\nnotice_version = "no notice"\n[purposes.performance]\n')
    own = {**agreed(), "policy_dir": tmp_path / "policies", "kafka_servers": _NOBODY}
    for command in ("demo", "migrate"):
        said = refused(glasshouse(command, "--data-dir", made, folder=tmp_path, **own))
        for fault in ("version: ", "notice_version: ", "purposes.performance", "applications: "):
            assert fault in said


def test_a_key_file_that_others_can_read_is_refused(data_dir: Path) -> None:
    keys = data_dir / "keys.json"
    assert keys.stat().st_mode & 0o777 == 0o600
    keys.chmod(0o640)
    for command in (
        ("keys", "pseudonym", "somebody"),
        ("keys", "list"),
        ("worker", "--kafka-servers", _NOBODY),
        ("demo", "--events", "100"),
    ):
        done = glasshouse(*command, "--data-dir", data_dir, folder=data_dir.parent, **agreed())
        assert "mode is 0640, so others can read it: chmod 600" in refused(done)
        assert done.stdout == ""


@pytest.mark.parametrize(
    "command",
    [
        ("worker",),
        ("load",),
        ("replay", "recordings"),
        ("reconcile",),
        ("demo", "--events", "100"),
    ],
    ids=lambda command: str(command[0]),
)
def test_a_kafka_that_does_not_answer_is_given_up_on_in_time(
    made: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    session = tmp_path / "recordings" / "somebody" / "session_1"
    session.parent.mkdir(parents=True)
    session.write_text("record timestamp,client timestamp,button,state,x,y\n")
    started_s = time.monotonic()
    done = glasshouse(
        *command,
        folder=tmp_path,
        data_dir=made,
        kafka_servers=_NOBODY,
        server_timeout_s=1,
        **agreed(),
    )
    said = refused(done)
    assert f"Kafka at {_NOBODY} did not answer in 1 s." in said
    assert "Set --kafka-servers" in said
    assert time.monotonic() - started_s < 60


def test_what_needs_tables_says_how_to_make_them(tmp_path: Path) -> None:
    for command in ("reconcile", "load"):
        done = glasshouse(
            *(command, "--data-dir", tmp_path / "data"),
            folder=tmp_path,
            kafka_servers=_NOBODY,
            server_timeout_s=1,
        )
        assert "glasshouse migrate" in refused(done)


def test_waiting_ends_with_what_was_waited_for() -> None:
    with pytest.raises(AssertionError, match="not in 0 s: the moon"):
        wait_until(lambda: False, "the moon", deadline_s=0)
