"""The embedded engine, as a server uses it: each statement by itself, with no memory of the last.

Roles are the engine's own: where a users file grants them to the engine's one user, a statement
runs under the role it names, and the engine refuses what that role may not do.
"""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: `INSERT INTO table (columns) FORMAT Name`, and after one line's end the rows.
_INSERT = re.compile(rb"\s*(INSERT\s+INTO\s[^;]*?)\s+FORMAT\s+(\w+)[ \t]*\r?\n?", re.I | re.S)
_CODE = re.compile(r"Code: (\d+)\. ")


class Refused(Exception):
    """The engine's own error: ``code`` and text."""

    def __init__(self, text: str) -> None:
        super().__init__(text[max(0, text.find("Code: ")) :].strip())
        found = _CODE.search(text)
        self.code = int(found[1]) if found else 1002  # UNKNOWN_EXCEPTION


@dataclass(frozen=True, slots=True)
class Statement:
    """``body`` is SQL and, for an insert, the rows after it. ``role`` empty: none is set."""

    body: bytes = field(repr=False)
    form: str = "TabSeparated"
    database: str = ""
    role: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_insert(self) -> bool:
        return self.body.lstrip()[:6].upper() == b"INSERT"


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes = field(repr=False)
    read_rows: int
    read_bytes: int
    written_rows: int


class Engine:
    """The engine on ``path``; one a process. ``config`` is a server configuration that names a
    users file; without it everything is allowed. One statement runs at a time."""

    def __init__(self, path: Path, config: Path | None) -> None:
        import chdb

        engine: Any = chdb
        where = f"{path}?config-file={config}" if config else str(path)
        self._open: Callable[[], Any] = lambda: engine.connect(where)
        self._keeps_running = self._open()
        self._scratch = path.parent
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            self._keeps_running.close()

    def run(self, statement: Statement) -> Answer:
        """Raises ``Refused``."""
        with self._lock, self._handle() as handle:
            try:
                self._prepare(handle, statement)
                with self._sql(statement.body) as sql:
                    found = handle.query(sql, statement.form, params=dict(statement.parameters))
            except RuntimeError as error:
                raise Refused(str(error)) from None
            rows = int(found.rows_read())
            return Answer(
                found.bytes(), rows, int(found.bytes_read()), rows if statement.is_insert else 0
            )

    @contextmanager
    def _handle(self) -> Iterator[Any]:
        handle = self._open()
        try:
            yield handle
        finally:
            handle.close()

    @staticmethod
    def _prepare(handle: Any, statement: Statement) -> None:
        if statement.role:
            handle.query(f"SET ROLE {statement.role}", "Null")
        if statement.database:
            handle.query(f"USE `{statement.database}`", "Null")
        for name, value in sorted(statement.settings.items(), key=lambda item: "readonly" in item):
            quoted = value.replace("\\", "\\\\").replace("'", "\\'")
            handle.query(f"SET {name} = '{quoted}'", "Null")

    @contextmanager
    def _sql(self, body: bytes) -> Iterator[str]:
        """``body`` as text; the rows of an insert are put into a file."""
        head = _INSERT.match(body)
        if head is None or head.end() == len(body):
            yield body.decode()
            return
        with tempfile.NamedTemporaryFile(dir=self._scratch) as rows:
            rows.write(body[head.end() :])
            rows.flush()
            yield f"{head[1].decode()} FROM INFILE '{rows.name}' FORMAT {head[2].decode()}"
