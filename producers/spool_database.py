"""Opens a spool's database, SQLite in WAL mode, and finds out whether it is whole.

What SQLite finds damaged is refused. Two kinds of damage it does not see, so that we look:

- flipped bits in a row: each row has a checksum over what will be sent (``checksum``);
- a log (``unsent.db-wal``) that is garbled in its middle: SQLite takes the part before, as if the
  rest had never been. So the number of the last message appended is also in a file of its own
  (``Last``), and numbers are never used twice (AUTOINCREMENT).
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from events.errors import SpoolError, SpoolFull
from producers.spool_folder import DATABASE, LAST

#: The log is brought into the database and started again once it has so many pages of 4 KiB.
_LOG_PAGES = 1_000
#: What the other files may take at most: the log its 4 MiB and one transaction that removes eight
#: messages of 1 MiB, and the reserve.
BESIDE_BYTES = 20_971_520
PAGE_BYTES = 4_096

_FOR_A_NEW_FILE = (f"page_size = {PAGE_BYTES}", "auto_vacuum = INCREMENTAL")
_ALWAYS = (
    "locking_mode = EXCLUSIVE",  # before the log is opened: its index is then in memory, since a
    "journal_mode = WAL",  # file that is mapped ends the process when the disk is full
    "synchronous = NORMAL",
    "temp_store = MEMORY",
    "secure_delete = ON",  # what is removed is overwritten with zeros
    f"wal_autocheckpoint = {_LOG_PAGES}",
)

_APPLICATION = 0x476C5370  # "GlSp"
_FORMAT = 2  # 1 had readable subjects in it
_TABLE = """
    CREATE TABLE unsent (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        appended_ms INTEGER NOT NULL,
        events INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        key BLOB NOT NULL,
        value BLOB NOT NULL
    )"""
#: What SQLite says where a write finds no room: a full disk or its own limit of pages, and (as a
#: failed write) a quota or a file size limit.
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)


def checksum(key: bytes, value: bytes, events: int) -> int:
    """CRC-32 over all of a message that is sent or counted."""
    return zlib.crc32(value, zlib.crc32(key, events & 0xFFFFFFFF))


class Last:
    """The number of the last message appended, in a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LAST
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)

    def read(self) -> int:
        """The number; 0 in a new file. Raises ``SpoolError`` if the file is garbled."""
        text = os.pread(self._file, 64, 0)
        try:
            return int(text) if text else 0
        except ValueError:
            raise damaged(self._path, "it does not hold a number") from None

    def write(self, number: int) -> None:
        """Never longer, so never in need of room once it is there."""
        with suppress(OSError):  # the message is safe already; only this check is weaker
            os.pwrite(self._file, b"%020d\n" % number, 0)

    def close(self) -> None:
        os.close(self._file)


def open_database(folder: Path, limit_bytes: int) -> sqlite3.Connection:
    """The database in a claimed folder, made if it is not there, found whole. Its files together
    stay below ``limit_bytes``. Raises ``SpoolError``, and ``SpoolFull`` if it cannot be made."""
    path = folder / DATABASE
    with in_our_words(folder):
        path.touch(mode=0o600)  # SQLite gives the log the same mode
        database = sqlite3.connect(path, isolation_level=None, timeout=0)
        try:
            if not path.stat().st_size:
                _configure(database, *_FOR_A_NEW_FILE)  # even the same again would be a write
            _configure(database, *_ALWAYS, f"max_page_count = {_most_pages(limit_bytes)}")
            if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                _make(database)
                _make_lasting(folder.parent, folder)
            _refuse_strangers(database, path)
            if (found := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise damaged(path, f"SQLite says {str(found).splitlines()[0]!r}")
        except BaseException:
            database.close()
            raise
    return database


def damaged(path: Path, how: str, what_to_do: str = "") -> SpoolError:
    """What to raise about a file whose content cannot be trusted."""
    remedy = what_to_do or (
        "Copy the folder if you mean to recover batches (sqlite3 has .recover), then empty it with "
        f"`glasshouse spool purge --all --spool-dir {path.parent}` and start again."
    )
    return SpoolError(f"{path} is damaged: {how}. Nothing of that was sent. {remedy}")


@contextmanager
def in_our_words(folder: Path) -> Iterator[None]:
    """Turns what SQLite and the disk raise into ``SpoolFull`` or ``SpoolError``."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code in _NO_ROOM:
            raise SpoolFull(
                f"no room on the disk for the spool {folder} (space, quota or file size limit). "
                "Nothing that was spooled is lost. Make room; it then goes on by itself."
            ) from None
        if code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise damaged(folder / DATABASE, f"SQLite says {error.args[0]!r}") from None
        if code & 0xFF == sqlite3.SQLITE_BUSY:
            raise SpoolError(
                f"{folder / DATABASE} is open in another program. Close it, then start again."
            ) from None
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        raise SpoolError(
            f"{folder / DATABASE} cannot be used: {name}. Look at the disk and the file's owner "
            "and mode, then start again: what was spooled is sent first."
        ) from None
    except OSError as error:
        raise SpoolError(f"spool {folder} cannot be used: {error.strerror}") from None


def _configure(database: sqlite3.Connection, *pragmas: str) -> None:
    for pragma in pragmas:
        database.execute(f"PRAGMA {pragma}").fetchall()


def _most_pages(limit_bytes: int) -> int:
    return max(1, (limit_bytes - BESIDE_BYTES) // PAGE_BYTES)


def _make(database: sqlite3.Connection) -> None:
    database.execute("BEGIN")
    database.execute(f"PRAGMA application_id = {_APPLICATION}")
    database.execute(f"PRAGMA user_version = {_FORMAT}")
    database.execute(_TABLE)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _make_lasting(*folders: Path) -> None:
    """Names of new files and folders survive a power cut once their folder is on the disk."""
    for folder in folders:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _refuse_strangers(database: sqlite3.Connection, path: Path) -> None:
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION:
        raise SpoolError(f"{path} is not a spool's database. Name another folder with --spool-dir.")
    if version != _FORMAT:
        raise SpoolError(
            f"{path} has format {version}, this version of glasshouse uses {_FORMAT}. Send what is "
            "in it with the version that made it, or name another folder with --spool-dir."
        )
