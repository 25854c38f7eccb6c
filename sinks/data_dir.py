"""The data directory: one format version, one process at a time, nobody else's files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from events import kept_secrets
from events.errors import DataDirError
from events.one_process import holder_of

#: Version of how the directory is laid out. Raised when an older glasshouse could not use it.
FORMAT = 1

_MARK = "glasshouse.json"
_LOCK = "lock"
_TABLES = "clickhouse"
_SCRATCH = "tmp"
#: What other commands may have put there before the first table was made.
_MAY_COME_FIRST = frozenset(
    {_LOCK, "keys.json", kept_secrets.FILE, "audit.jsonl", "policies", "glasshouse.new"}
)


def tables_path(data_dir: Path) -> Path:
    """Where the embedded ClickHouse keeps its tables."""
    return data_dir / _TABLES


def scratch_path(data_dir: Path) -> Path:
    """For files of a moment. They hold rows on their way into a table, so they stay in here."""
    return data_dir / _SCRATCH


def require_made(data_dir: Path) -> None:
    """Raise ``DataDirError`` unless ``data_dir`` is one of ours: a slip of the pen in a path must
    not make an empty warehouse."""
    if not (data_dir / _MARK).exists():
        raise DataDirError(
            f"there is no data directory at {data_dir}. Name the right one with --data-dir, or "
            "make one with `glasshouse migrate` or `glasshouse demo`."
        )


@contextmanager
def claimed(data_dir: Path) -> Iterator[Path]:
    """Have ``data_dir`` to oneself, made (mode 0700) if it is not there.

    Raises ``DataDirError`` if another process has it, it is of another version, it holds something
    that is not ours, or it cannot be used at all.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_strangers(data_dir)
        lock = os.open(data_dir / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DataDirError(
            f"data directory {data_dir} cannot be used: {error.strerror}. Name another one with "
            "--data-dir (GLASSHOUSE_DATA_DIR)."
        ) from None
    try:
        if holder := holder_of(lock):
            raise DataDirError(
                f"data directory {data_dir} is in use by process {holder}. The embedded ClickHouse "
                "serves one process at a time: wait for that process or stop it, or name another "
                "directory with --data-dir."
            )
        _check(data_dir)
        _clear_scratch(data_dir)
        yield data_dir
    finally:
        os.close(lock)  # gives the lock back


def _check(data_dir: Path) -> None:
    mark = data_dir / _MARK
    if not mark.exists():
        data_dir.chmod(0o700)
        _write_mark(mark)
    try:
        found = json.loads(mark.read_text(encoding="utf-8"))["format"]
    except (OSError, ValueError, KeyError, TypeError):
        raise DataDirError(
            f"{mark} cannot be read. Restore it, or name another directory with --data-dir."
        ) from None
    if found != FORMAT:
        raise DataDirError(
            f"data directory {data_dir} has format {found}, this version of glasshouse uses "
            f"{FORMAT}. Use the version that made it, or name another directory with --data-dir."
        )


def _refuse_strangers(data_dir: Path) -> None:
    """Before anything is written: a directory of ours has the mark, or next to nothing."""
    names = {entry.name for entry in data_dir.iterdir()}
    if _MARK not in names and names - _MAY_COME_FIRST:
        raise DataDirError(
            f"data directory {data_dir} is not empty and was not made by glasshouse. Name an empty "
            "or new directory with --data-dir."
        )


def _write_mark(mark: Path) -> None:
    """Whole or not at all: a half-written mark would make the directory unusable."""
    draft = mark.with_suffix(".new")
    draft.write_text(json.dumps({"format": FORMAT}) + "\n", encoding="utf-8")
    draft.replace(mark)


def _clear_scratch(data_dir: Path) -> None:
    """Remove what a killed process left."""
    scratch = scratch_path(data_dir)
    scratch.mkdir(mode=0o700, exist_ok=True)
    for entry in scratch.iterdir():
        entry.unlink(missing_ok=True)
