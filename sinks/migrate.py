"""Numbered migrations, each applied once, in order.

    1  create governance.migrations, which knows what was applied
    2  refuse if an applied file has changed or is gone
    3  for each file not yet applied: run its statements, then record it

A file may begin with a line ``-- needs: access management``. Where the server lacks that, step 3
records what it lacks and runs nothing; a later ``migrate`` applies the file once it does not.

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

import pyarrow as pa

from events.errors import Stop
from sinks.insert import ON_A_MAJORITY
from sinks.sql import Placement

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
    """ALTER TABLE governance.migrations{on_cluster}
    ADD COLUMN IF NOT EXISTS lacking LowCardinality(String)
    COMMENT 'What the server lacked, so that the file was passed over; empty: it was applied.'""",
)

_NEEDS = re.compile(r"-- needs: (?P<what>.+)")

#: What a file may need, and the question that is answered with 1 where it is there.
_CAPABILITIES = {
    # Users and roles can be kept, and this user may make them. The embedded engine keeps none.
    "access management": (
        "SELECT count() > 0 FROM system.user_directories "
        "WHERE type IN ('local_directory', 'local directory', 'replicated', 'memory')",
        "CHECK GRANT CREATE ROLE ON *",
    ),
}


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

    @property
    def needs(self) -> str:
        """What its first line says it needs of the server; empty: nothing."""
        found = _NEEDS.match(self.text)
        return found["what"].strip() if found else ""


@dataclass(frozen=True, slots=True)
class Record:
    """What the database knows of a migration. ``lacking``: why it was passed over."""

    sha256: str
    lacking: str = ""


def bundled_migrations() -> tuple[Migration, ...]:
    """The migrations of this version, in order."""
    found = []
    for entry in files("sinks.migrations").iterdir():
        match = _FILE_NAME.fullmatch(entry.name)
        if match:
            text = entry.read_text(encoding="utf-8")
            found.append(Migration(int(match["version"]), match["name"], text))
    return tuple(sorted(found, key=lambda migration: migration.version))


def pending(
    wanted: Sequence[Migration],
    recorded: Mapping[int, Record],
    able: frozenset[str] = frozenset(),
) -> tuple[Migration, ...]:
    """What of ``wanted`` is to be applied, or passed over, now. ``able`` is what the server has of
    what files may need: what was passed over for lack of it is pending again.

    Raises ``MigrationError`` if an applied one differs, is not in ``wanted``, or is newer than one
    that is pending.
    """
    known = {migration.version: migration for migration in wanted}
    for version, record in recorded.items():
        if version not in known:
            raise MigrationError(
                f"the database has migration {version:04d}, which this version of glasshouse does "
                "not know. Use the version that made the database, or a newer one."
            )
        if known[version].sha256 != record.sha256 and not record.lacking:
            raise MigrationError(
                f"migration {version:04d}_{known[version].name}.sql was changed after it was "
                "applied. Restore the file; put the change into a new migration."
            )
    new = [migration for migration in wanted if migration.version not in recorded]
    if new and recorded and new[0].version < max(recorded):
        raise MigrationError(
            f"migration {new[0].version:04d}_{new[0].name}.sql is older than one that is applied "
            "already. Give it the next free number."
        )
    late = (version for version, record in recorded.items() if record.lacking in able)
    return tuple(sorted([*new, *(known[version] for version in late)], key=lambda it: it.version))


def migrate(
    client: Client,
    wanted: Sequence[Migration] | None = None,
    placement: Placement = Placement(),  # noqa: B008 (frozen, no state)
) -> tuple[Migration, ...]:
    """Apply what is pending; the migrations that were applied now. Raises ``MigrationError``."""
    for statement in _LEDGER:
        client.command(placement.resolve(statement))
    able = _abilities(client)
    applied = []
    for migration in pending(
        bundled_migrations() if wanted is None else wanted, recorded(client), able
    ):
        lacking = "" if migration.needs in able else migration.needs
        if not lacking:
            for statement in placement.statements(migration.text):
                client.command(statement)
            applied.append(migration)
        row = {
            "version": migration.version,
            "name": migration.name,
            "sha256": migration.sha256,
            "lacking": lacking,
        }
        rows = pa.Table.from_pylist([row])  # (rows in lists would bring in pandas)
        client.insert_arrow("governance.migrations", rows, settings=ON_A_MAJORITY)
    return tuple(applied)


def is_migrated(client: Client) -> bool:
    """Whether every migration of this version was applied, or passed over for what the server
    lacks. Raises ``MigrationError`` if the database was made by others."""
    known = client.command("EXISTS TABLE governance.migrations")
    if str(known) != "1":
        return False
    return not pending(bundled_migrations(), recorded(client))


def recorded(client: Client) -> dict[int, Record]:
    """What the database knows of migrations, by version."""
    found = client.query(
        "SELECT version, toString(sha256), lacking FROM governance.migrations FINAL"
    )
    return {int(row[0]): Record(str(row[1]), str(row[2])) for row in found.result_rows}


def passed_over(client: Client) -> dict[str, str]:
    """Migrations that were recorded but not applied, and what the server lacked for each."""
    known = recorded(client)
    return {
        f"{each.version:04d}_{each.name}": known[each.version].lacking
        for each in bundled_migrations()
        if each.version in known and known[each.version].lacking
    }


def has_users(client: Client) -> bool:
    """Whether a migrated server has the users that views are read as: those of
    ``0004_access.sql``."""
    return not any(name.endswith("_access") for name in passed_over(client))


def _abilities(client: Client) -> frozenset[str]:
    return frozenset(
        what
        for what, questions in _CAPABILITIES.items()
        if all(str(client.command(question)) == "1" for question in questions)
    )
