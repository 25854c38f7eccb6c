"""A spool that is damaged is refused in words, and garbage is never sent."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.clock import FixedClock
from events.errors import SpoolError
from tests.producers.test_spool import (
    CANARY,
    PERSON,
    opened,
    send_all,
    values,
)
from tests.strategies import NOW_MS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW_MS)


def copied_as_a_crash_leaves_it(folder: Path) -> Path:
    """A copy of the files at this moment: what a process finds after this one was killed."""
    copy = folder.with_name(f"{folder.name}+")
    shutil.copytree(folder, copy)
    (copy / "lock").unlink()
    return copy


@pytest.fixture
def crashed(folder: Path, clock: FixedClock) -> Iterator[Path]:
    """The files of a process that was killed with 50 batches in the database and 50 in the log."""
    with opened(folder, clock) as spool:
        for number in range(50):
            spool.append(PERSON.encode(), CANARY * 200 + b"%d" % number, 1)
        spool.tidy(now=True)
        for number in range(50, 100):
            spool.append(PERSON.encode(), CANARY * 200 + b"%d" % number, 1)
        yield copied_as_a_crash_leaves_it(folder)


def overwrite(file: Path, at: int, garbage: bytes) -> None:
    with file.open("r+b") as opened_file:
        opened_file.seek(at)
        opened_file.write(garbage)


def refused(folder: Path, clock: FixedClock) -> str:
    with pytest.raises(SpoolError) as refusal, opened(folder, clock):
        pass
    text = str(refusal.value)
    assert "is damaged" in text
    assert CANARY.decode() not in text
    assert PERSON not in text
    return text


def test_after_a_crash_all_is_there(crashed: Path, clock: FixedClock) -> None:
    with opened(crashed, clock) as spool:
        assert spool.left_over == 100
        numbers = [int(value.rpartition(CANARY)[2]) for value in values(send_all(spool))]
        assert numbers == list(range(100))


@pytest.mark.parametrize("share", range(0, 100, 7))
def test_garbage_anywhere_in_the_database_is_refused_or_harmless(
    crashed: Path, clock: FixedClock, share: int
) -> None:
    """Harmless: what the log has a newer copy of, or nothing refers to. Never is garbage sent."""
    file = crashed / "unsent.db"
    overwrite(file, file.stat().st_size * share // 100, b"\xa5garbage" * 100)
    try:
        with opened(crashed, clock) as spool:
            found = values(send_all(spool))
    except SpoolError as refusal:
        assert f"{file} is damaged" in str(refusal)
        assert "glasshouse spool purge --all" in str(refusal)
        assert CANARY.decode() not in str(refusal)
    else:
        assert found == [CANARY * 200 + b"%d" % number for number in range(100)]


def test_most_garbage_in_the_database_is_indeed_refused(crashed: Path, clock: FixedClock) -> None:
    file = crashed / "unsent.db"
    overwrite(file, 5 * 4_096, b"\xa5" * 4_096 * 10)
    assert "glasshouse spool purge --all" in refused(crashed, clock)


def test_one_flipped_bit_in_a_batch_is_refused(crashed: Path, clock: FixedClock) -> None:
    file = crashed / "unsent.db"
    at = file.read_bytes().index(CANARY * 100)
    overwrite(file, at + 500, bytes([file.read_bytes()[at + 500] ^ 1]))
    assert "garbled" in refused(crashed, clock)


@pytest.mark.parametrize("share", (0, 1, 30, 60, 95))
def test_a_log_garbled_before_its_end_is_refused_with_the_number_that_is_lost(
    crashed: Path, clock: FixedClock, share: int
) -> None:
    file = crashed / "unsent.db-wal"
    overwrite(file, file.stat().st_size * share // 100, b"\xa5garbage" * 10)
    text = refused(crashed, clock)
    lost = int(text.partition("newest ")[2].split()[0])
    assert 1 <= lost <= 50
    assert f"delete {crashed / 'last'}" in text
    assert refused(crashed, clock) == text
    (crashed / "last").unlink()
    with opened(crashed, clock) as spool:
        assert len(values(send_all(spool))) == 100 - lost


def test_a_log_that_ends_in_the_middle_of_an_append_is_whole(
    folder: Path, clock: FixedClock
) -> None:
    """A torn write at the end: that batch was never accepted, so nothing is missing."""
    with opened(folder, clock) as spool:
        spool.append(b"someone", b"accepted", 1)
        before = copied_as_a_crash_leaves_it(folder)
        spool.append(b"someone", b"torn" * 2_000, 1)
        whole = (folder / "unsent.db-wal").read_bytes()
    (before / "unsent.db-wal").write_bytes(whole[: len(whole) - 3_000])
    with opened(before, clock) as spool:
        assert values(send_all(spool)) == [b"accepted"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("unsent.db", b"not a database " * 1_000), ("unsent.db", b""), ("last", b"garbage")],
)
def test_a_file_that_was_replaced_is_refused(
    folder: Path, clock: FixedClock, name: str, content: bytes
) -> None:
    with opened(folder, clock) as spool:
        spool.append(b"someone", b"x", 1)
    (folder / name).write_bytes(content)
    assert str(folder / name) in refused(folder, clock)


def test_a_database_of_something_else_or_of_a_later_version_is_refused(
    folder: Path, clock: FixedClock
) -> None:
    with opened(folder, clock):
        pass
    for pragma, said in (("user_version = 3", "format 3"), ("application_id = 1", "not a spool's")):
        with sqlite3.connect(folder / "unsent.db") as database:
            database.execute(f"PRAGMA {pragma}")
        database.close()
        with pytest.raises(SpoolError, match=said), opened(folder, clock):
            pass
