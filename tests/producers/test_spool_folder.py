"""A spool is its owner's alone, and one process's at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from events.clock import FixedClock
from events.errors import SpoolError
from tests.producers.test_spool import (
    opened,
)
from tests.strategies import NOW_MS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW_MS)


def test_a_second_process_is_told_who_has_the_spool(folder: Path, clock: FixedClock) -> None:
    with (
        opened(folder, clock),
        pytest.raises(SpoolError, match=f"in use by process {os.getpid()}"),
        opened(folder, clock),
    ):
        pass


def test_files_and_folder_are_nobody_elses(folder: Path, clock: FixedClock) -> None:
    with opened(folder, clock) as spool:
        spool.append(b"someone", b"x", 1)
        assert folder.stat().st_mode & 0o777 == 0o700
        names = {file.name for file in folder.iterdir()}
        assert names == {"unsent.db", "unsent.db-wal", "last", "reserve", "lock"}
        assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("loose", ["", "unsent.db", "last", "lock"])
def test_a_spool_others_may_open_is_refused(folder: Path, clock: FixedClock, loose: str) -> None:
    with opened(folder, clock):
        pass
    (folder / loose).chmod(0o755 if not loose else 0o640)
    with pytest.raises(SpoolError, match="nobody else may open") as refusal, opened(folder, clock):
        pass
    assert str(folder / loose) in str(refusal.value)


def test_a_spool_behind_a_link_or_of_somebody_else_is_refused(
    folder: Path, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(folder, clock):
        pass
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(SpoolError, match="plain file or folder"), opened(link, clock):
        pass
    monkeypatch.setattr("os.geteuid", lambda: 4_711)
    with pytest.raises(SpoolError, match="belongs to you"), opened(folder, clock):
        pass


def test_a_folder_with_other_files_is_refused_and_left_alone(
    folder: Path, clock: FixedClock
) -> None:
    folder.mkdir(mode=0o700)
    (folder / "letter.txt").write_text("mine")
    with pytest.raises(SpoolError, match="not a spool's"), opened(folder, clock):
        pass
    assert [file.name for file in folder.iterdir()] == ["letter.txt"]
