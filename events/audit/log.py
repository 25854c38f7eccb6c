"""The file of an audit log: entries are added at its end, each on the disk before it counts."""

from __future__ import annotations

import fcntl
import os
import pwd
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from events.audit.entry import Entry, entry_of
from events.chain import BEGINNING
from events.errors import AuditError

#: An entry is less than 2 kB: the last one is in here.
_TAIL_BYTES = 65_536
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Several processes may add to one file."""

    path: Path

    def append(self, entry: Entry) -> Entry:
        """Add ``entry``, with its place in the chain, and return it as it stands there. It is on
        the disk then. Raises ``AuditError`` where it is not, and then nothing was added."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(self.path) as file:
                end = os.fstat(file).st_size
                tail = os.pread(file, _TAIL_BYTES, max(0, end - _TAIL_BYTES))
                placed = self._placed(entry, tail)
                # A process that died in its middle left half a line.
                torn = b"\n" if tail and not tail.endswith(b"\n") else b""
                _write(file, torn + placed.to_line(), end)
                return placed
        except OSError as error:
            raise AuditError(self.path, error.strerror or type(error).__name__) from None

    def _placed(self, entry: Entry, tail: bytes) -> Entry:
        before = last_entry(tail)
        if before is not None:
            known = {"log": before.log, "number": before.number + 1}
            ends = {"previous_at_ms": before.at_ms, "previous": before.hash}
            return replace(entry, **known, **ends).sealed()  # type: ignore[arg-type]
        if tail:
            raise AuditError(self.path, "its end is no entry: somebody has changed it")
        return replace(entry, log=str(uuid.uuid4()), number=0, previous=BEGINNING).sealed()

    def entries(self) -> Iterator[Entry]:
        """Every entry, in the order of the file. Raises ``AuditError`` where it cannot be read."""
        try:
            with self.path.open("rb") as file:
                for line in file:
                    entry = entry_of(line)
                    if entry is not None:
                        yield entry
        except OSError as error:
            raise AuditError(self.path, error.strerror or type(error).__name__) from None


def last_entry(tail: bytes) -> Entry | None:
    """The last whole entry of the end of a file."""
    for line in reversed(tail.split(b"\n")):
        if (entry := entry_of(line)) is not None:
            return entry
    return None


def os_user() -> str:
    """The name of the user as whom this process runs; the number of one who has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(file).st_mode & _OTHERS:
            raise AuditError(path, "others may read or write it: chmod 600")
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)


def _write(file: int, data: bytes, end: int) -> None:
    """All of ``data``, on the disk; or nothing, where the disk is full."""
    try:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
    except OSError:
        os.ftruncate(file, end)
        raise
