"""Numbered migrations, each applied once, in order.

    1  create governance.migrations, which knows what was applied
    2  refuse if an applied file has changed or is gone
    3  for each file not yet applied: run its statements, then record it

A stop between the statements of a file and its record means they run again next time: every
statement says IF NOT EXISTS.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING

from events.errors import Stop
from sinks.sql import Placement, statements

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

_FILE_NAME = re.compile(r"(?P<version>\d{4})_(?P<name>[a-z_]+)\.sql")

_LEDGER = (
    "CREATE DATABASE IF NOT EXISTS governance{on_cluster}",
    """CREATE TABLE IF NOT EXISTS governance.migrations{on_cluster}
    (
        version UInt32,
        name String,
        sha256 FixedString(64) COMMENT 'Of the file, before placeholders were filled in.',
        applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
    )
    ENGINE = {replicated}ReplacingMergeTree
    ORDER BY version
    COMMENT 'Which migrations were applied.'""",
)


class MigrationError(Stop):
    """The database was made by other migrations than the ones at hand."""


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    text: str = field(repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def bundled_migrations() -> tuple[Migration, ...]:
    """The migrations of this version, in order."""
    found = []
    for entry in files("sinks.migrations").iterdir():
        match = _FILE_NAME.fullmatch(entry.name)
        if match:
            text = entry.read_text(encoding="utf-8")
            found.append(Migration(int(match["version"]), match["name"], text))
    return tuple(sorted(found, key=lambda migration: migration.version))


def pending(wanted: Sequence[Migration], applied: Mapping[int, str]) -> tuple[Migration, ...]:
    """What of ``wanted`` is to be applied, where ``applied`` maps version to SHA-256.

    Raises ``MigrationError`` if an applied one differs, is not in ``wanted``, or is newer than one
    that is pending.
    """
    known = {migration.version: migration for migration in wanted}
    for version, sha256 in applied.items():
        if version not in known:
            raise MigrationError(
                f"the database has migration {version:04d}, which this version of glasshouse does "
                "not know. Use the version that made the database, or a newer one."
            )
        if known[version].sha256 != sha256:
            raise MigrationError(
                f"migration {version:04d}_{known[version].name}.sql was changed after it was "
                "applied. Restore the file; put the change into a new migration."
            )
    todo = tuple(migration for migration in wanted if migration.version not in applied)
    if todo and applied and todo[0].version < max(applied):
        raise MigrationError(
            f"migration {todo[0].version:04d}_{todo[0].name}.sql is older than one that is applied "
            "already. Give it the next free number."
        )
    return todo


def migrate(
    client: Client,
    wanted: Sequence[Migration] | None = None,
    placement: Placement = Placement(),  # noqa: B008 (frozen, no state)
) -> tuple[Migration, ...]:
    """Apply what is pending; the migrations that were applied now. Raises ``MigrationError``."""
    for statement in _LEDGER:
        client.command(placement.resolve(statement))
    todo = pending(bundled_migrations() if wanted is None else wanted, _applied(client))
    for migration in todo:
        for statement in statements(placement.resolve(migration.text)):
            client.command(statement)
        client.insert(
            "governance.migrations",
            [[migration.version, migration.name, migration.sha256]],
            column_names=["version", "name", "sha256"],
        )
    return todo


def is_migrated(client: Client) -> bool:
    """Whether every migration of this version was applied. Raises ``MigrationError`` if the
    database was made by others."""
    known = client.command("EXISTS TABLE governance.migrations")
    if str(known) != "1":
        return False
    return not pending(bundled_migrations(), _applied(client))


def _applied(client: Client) -> dict[int, str]:
    found = client.query("SELECT version, toString(sha256) FROM governance.migrations FINAL")
    return {int(row[0]): str(row[1]) for row in found.result_rows}
