"""Who may do what in ClickHouse. What is not said here is denied.

``migrations/0004_access.sql`` and the rights added after it say the same in SQL; a test compares
them, and another tries every principal on every object. No principal can read two purposes:
``reconcile`` compares them through views that only count, each read with the rights of a user that
nobody can log in as.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from events.purposes import Purpose
from sinks.shards import SHARDED, holder
from sinks.views import COUNT_VIEWS, DEFINERS, GROUP_VIEWS, MAKER_VIEWS

Privilege = Literal[
    "SELECT",
    "INSERT",
    "CREATE DATABASE",
    "CREATE TABLE",
    "CREATE VIEW",
    "DROP VIEW",
    "ALTER ADD COLUMN",
    "ALTER ADD INDEX",
    "ALTER MODIFY COLUMN",
    "ALTER TTL",
    "ALTER SETTINGS",
    "ALTER DELETE",
    "SHOW",
    "SET DEFINER",
]

#: The roles people and programs have, and what they are for.
ROLES = {
    "analyst": "reads the views over groups of k or more people",
    "trainer": "reads what agents are trained with",
    "officer": "reads the books, and proves that they hold",
    "loader": "adds rows, and reports of groups of k or more people; reads which migrations were "
    "applied, and links of the accounting",
    "migrator": "makes and changes tables and views, and reads no events",
    "auditor": "gathers who read what, from our log and ClickHouse's; sees no text of a question",
    "training_custodian": "reads and deletes one person's rows of agent training",
    "analytics_custodian": "reads and deletes one person's rows of team analytics",
}

#: Who acts for one person in the rows of a purpose.
CUSTODIANS = {
    Purpose.AGENT_TRAINING: "training_custodian",
    Purpose.TEAM_ANALYTICS: "analytics_custodian",
}

#: A purpose's database. Governance is not a purpose: it says what became of every event.
PURPOSE_DATABASES = ("training", "analytics")

#: Every table; the views are those of ``sinks.views``.
TABLES = (
    "training.interactions",
    "analytics.window_partials",
    "analytics.watermarks",
    "analytics.group_limit",
    "governance.accounting",
    "governance.accounting_chain",
    "governance.dead_letters",
    "governance.consent_log",
    "governance.migrations",
    "governance.retention",
    "governance.audit_log",
    "governance.queries",
    "analytics.reports",
    "training.erased_people",
    "training.erased_batches",
    "analytics.erased_people",
    "analytics.erased_batches",
)

#: The rows of people, by the role that may delete them.
_OF_PEOPLE = {
    "training_custodian": "training.interactions",
    "analytics_custodian": "analytics.window_partials",
}

#: What the loader fills from Kafka.
LOADED = (*TABLES[:3], *TABLES[4:8])

VIEWS = (
    *(f"analytics.{each.view}" for each in GROUP_VIEWS),
    *(f"analytics.{each}" for each in MAKER_VIEWS),
    *(f"governance.{each}" for each in COUNT_VIEWS),
)

OBJECTS = (*TABLES, *VIEWS)

#: What the auditor reads of the server's own log: no text of a statement or of an error.
QUERY_LOG = "system.query_log"
QUERY_LOG_COLUMNS = (
    "columns",
    "current_database",
    "databases",
    "exception_code",
    "hostname",
    "initial_user",
    "is_initial_query",
    "normalized_query_hash",
    "query_id",
    "query_kind",
    "query_start_time_microseconds",
    "read_rows",
    "result_rows",
    "tables",
    "type",
    "user",
    "written_rows",
)

_CHANGES: tuple[Privilege, ...] = (
    "CREATE DATABASE",
    "CREATE TABLE",
    "CREATE VIEW",
    "DROP VIEW",
    "ALTER ADD COLUMN",
    "ALTER ADD INDEX",
    "ALTER MODIFY COLUMN",
    "ALTER TTL",
    "ALTER SETTINGS",
    "SHOW",
)


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """``principal`` may do ``privilege`` on ``scope``: ``database.table``, ``database.*``, or a
    user. ``columns`` empty: on all of them."""

    principal: str
    privilege: Privilege
    scope: str
    columns: tuple[str, ...] = ()

    def covers(self, privilege: str, thing: str) -> bool:
        """Whether this allows ``privilege`` on all of ``thing``."""
        database = thing.partition(".")[0]
        return (
            self.privilege == privilege
            and self.scope in (thing, f"{database}.*")
            and not self.columns
        )


def _rights() -> frozenset[Right]:
    found = {Right("analyst", "SELECT", f"analytics.{each.view}") for each in GROUP_VIEWS}
    found.add(Right("trainer", "SELECT", "training.*"))
    found.add(Right("officer", "SELECT", "governance.*"))
    found |= {Right("loader", "INSERT", table) for table in (*LOADED, "analytics.reports")}
    found |= {Right("loader", "SELECT", f"analytics.{each}") for each in MAKER_VIEWS}
    found.add(Right("loader", "SELECT", "governance.migrations", ("lacking", "sha256", "version")))
    last_link = ("hash", "offset", "partition", "topic_id")
    found.add(Right("loader", "SELECT", "governance.accounting_chain", last_link))
    for database in (*PURPOSE_DATABASES, "governance"):
        found |= {Right("migrator", change, f"{database}.*") for change in _CHANGES}
    for table in ("governance.migrations", "governance.retention", "analytics.group_limit"):
        found |= {Right("migrator", "SELECT", table), Right("migrator", "INSERT", table)}
    for table in ("governance.audit_log", "governance.queries"):
        found |= {Right("auditor", "SELECT", table), Right("auditor", "INSERT", table)}
    known = ("governance.migrations", ("lacking", "sha256", "version"))
    found.add(Right("auditor", "SELECT", *known))
    for role, rows in _OF_PEOPLE.items():
        found |= _custody(role, rows)
        found.add(Right(role, "SELECT", *known))
    found.add(Right("auditor", "SELECT", QUERY_LOG, QUERY_LOG_COLUMNS))
    for definer, tables in DEFINERS.items():
        found.add(Right("migrator", "SET DEFINER", definer))
        found |= {Right(definer, "SELECT", table) for table in tables}
    return frozenset(found)


def _custody(role: str, rows: str) -> set[Right]:
    """What it takes to find, and to erase, one person's rows; and to keep them from coming in
    again, which a loader does."""
    database = rows.partition(".")[0]
    people, batches = f"{database}.erased_people", f"{database}.erased_batches"
    own = {Right(role, "SELECT", each) for each in (rows, people, batches)}
    own |= {Right(role, "INSERT", each) for each in (people, batches)}
    own.add(Right(role, "ALTER DELETE", rows))
    own.add(Right(role, "SELECT", "system.mutations"))
    own.add(Right("loader", "SELECT", people, ("pseudonym",)))
    own.add(Right("loader", "INSERT", batches))
    return own


#: On one node.
RIGHTS = _rights()


def cluster_rights() -> frozenset[Right]:
    """On a cluster: whoever may do something to a sharded table may do it to its shards, since the
    other nodes ask for the same user's right there. An administrator runs ``migrate``: ON CLUSTER
    and Distributed need rights beyond our databases, which no role has."""
    shards = {
        replace(right, scope=holder(right.scope)) for right in RIGHTS if right.scope in SHARDED
    }
    return RIGHTS | shards


def may(principal: str, privilege: str, thing: str) -> bool:
    """Whether ``principal`` may do ``privilege`` on all of ``thing``."""
    return any(right.principal == principal and right.covers(privilege, thing) for right in RIGHTS)
