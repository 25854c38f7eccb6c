"""Who may use a data directory."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from events.errors import DataDirError
from sinks.data_dir import claimed, scratch_path


def test_a_new_directory_is_private_and_can_be_used_again(tmp_path: Path) -> None:
    data_dir = tmp_path / "deep" / "data"
    for _ in range(2):
        with claimed(data_dir):
            assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
            assert json.loads((data_dir / "glasshouse.json").read_text()) == {"format": 1}


def test_a_directory_in_use_is_refused_with_the_pid_of_its_user(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from sinks.data_dir import claimed\n"
        "with claimed(Path(sys.argv[1])): print('ready', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "data")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        with (
            pytest.raises(DataDirError, match=f"in use by process {holder.pid}"),
            claimed(tmp_path / "data"),
        ):
            pass
        holder.kill()
    with claimed(tmp_path / "data"):
        assert (tmp_path / "data" / "lock").read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize("mark", ['{"format": 2}', '{"format": "1"}'])
def test_another_version_is_refused(tmp_path: Path, mark: str) -> None:
    (tmp_path / "glasshouse.json").write_text(mark)
    with pytest.raises(DataDirError, match="has format"), claimed(tmp_path):
        pass


@pytest.mark.parametrize("mark", ["", "[]", "{}"])
def test_a_mark_that_says_nothing_is_refused(tmp_path: Path, mark: str) -> None:
    (tmp_path / "glasshouse.json").write_text(mark)
    with pytest.raises(DataDirError, match="cannot be read"), claimed(tmp_path):
        pass


def test_somebody_elses_directory_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(DataDirError, match="was not made by glasshouse"), claimed(tmp_path):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_keys_may_be_there_first(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{}")
    with claimed(tmp_path):
        assert (tmp_path / "keys.json").exists()


def test_a_path_that_cannot_be_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirError, match="cannot be used"), claimed(tmp_path / "file"):
        pass


def test_what_a_killed_process_left_on_its_way_is_removed(tmp_path: Path) -> None:
    with claimed(tmp_path / "data") as data_dir:
        (scratch_path(data_dir) / "rows.raw").write_text("rows")
    with claimed(tmp_path / "data") as data_dir:
        assert list(scratch_path(data_dir).iterdir()) == []
