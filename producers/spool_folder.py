"""The folder of a spool: nobody else's eyes, nobody else's files, one process at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from events.errors import SpoolError
from events.one_process import holder_of

DATABASE = "unsent.db"
#: The number of the last message appended; see producers/spool_database.py.
LAST = "last"
#: Room that is kept free; see producers/spool_reserve.py.
RESERVE = "reserve"
_LOCK = "lock"
#: SQLite's own files beside the database.
_DATA = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-journal", f"{DATABASE}-shm", LAST, RESERVE)
ZEROS = bytes(1_048_576)


@contextmanager
def claimed(folder: Path) -> Iterator[Path]:
    """Have ``folder`` to oneself, made (mode 0700) if it is not there.

    Raises ``SpoolError`` if another process has it, somebody else owns it or may look into it, it
    holds something that is not ours, or it cannot be used at all.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_open_doors(folder)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise SpoolError(
            f"spool {folder} cannot be used: {error.strerror}. Name another folder with "
            "--spool-dir (GLASSHOUSE_SPOOL_DIR)."
        ) from None
    try:
        if holder := holder_of(lock):
            raise SpoolError(
                f"spool {folder} is in use by process {holder}. A spool serves one process at a "
                "time: wait for that process or stop it, or name another folder with --spool-dir."
            )
        yield folder
    finally:
        os.close(lock)  # gives the lock back


def wipe(folder: Path) -> None:
    """Overwrite and remove all that a claimed spool holds, readable or damaged."""
    for path in (folder / name for name in _DATA):
        if not path.exists():
            continue
        with path.open("r+b") as file:
            left = path.stat().st_size
            while left > 0:
                left -= file.write(ZEROS[:left])
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


def _refuse_open_doors(folder: Path) -> None:
    if strangers := {entry.name for entry in folder.iterdir()} - {*_DATA, _LOCK}:
        raise SpoolError(
            f"spool {folder} holds {len(strangers)} files that are not a spool's. Name a new "
            "folder with --spool-dir."
        )
    for path in (folder, *folder.iterdir()):
        found = path.lstat()
        right_kind = stat.S_ISDIR if path == folder else stat.S_ISREG
        mode = "0700" if path == folder else "0600"
        if not right_kind(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise SpoolError(
                f"{path} holds people's events, so it must be a plain file or folder that belongs "
                f"to you and that nobody else may open (mode {mode}). See who could read it, then "
                "put that right with chown and chmod."
            )
