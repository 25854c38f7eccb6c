"""Who read it: what our own commands recorded of this person, and whom ClickHouse answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from deploy.subject.export.case import Case
from deploy.subject.export.records import Found, OnRead, block_of, moment
from deploy.subject.export.tables import first_ms, in_the_books
from events.audit.log import AuditLog
from events.purposes import PURPOSES, Purpose

#: Entries of a log that are held at once.
_AT_ONCE = 1_000

_QUERIES = """
SELECT toString(user), toString(toDate(started_at)) AS day, toString(kind),
    count() AS statements, sum(read_rows)
FROM governance.queries FINAL
WHERE has(purposes, {purpose:String}) AND started_at >= fromUnixTimestamp64Milli({since:Int64})
GROUP BY user, day, kind
ORDER BY day, user, kind
"""

_ENTRIES_NOTE = (
    "An act that was about many people, or that was done where the keys are not, names nobody and "
    "is not here."
)


def collected(case: Case, on_read: OnRead) -> Found:
    """Entries about the person in the log of all machines, as far as it was collected."""
    found = in_the_books("governance.audit_log", case, on_read, "person", "at, log, number")
    return Found(found.blocks, meanings=found.meanings, note=_ENTRIES_NOTE)


def of_this_machine(case: Case, on_read: OnRead) -> Found:
    """The same in this machine's own log, which may not have been collected yet."""
    return Found(
        _entries(case, on_read),
        note=f"Of this machine alone; other machines have their own. {_ENTRIES_NOTE}",
    )


def _entries(case: Case, on_read: OnRead) -> Iterator[list[bytes]]:
    log, names = AuditLog(case.settings.audit_path), set(case.names_in_the_books)
    if not log.path.exists():
        return
    found: list[dict[str, Any]] = []
    for entry in log.entries():
        if entry.person not in names:
            continue
        told = {**asdict(entry), "person": str(entry.person)}
        for name in ("at_ms", "previous_at_ms"):
            told[name.removesuffix("_ms")] = moment(told.pop(name))
        found.append(told)
        if len(found) == _AT_ONCE:
            on_read(len(found))
            yield block_of(found)
            found = []
    on_read(len(found))
    yield block_of(found)


def queries(case: Case) -> list[dict[str, Any]]:
    """Who asked ClickHouse about tables of each purpose since the person's first row there, by user
    and day: whatever they asked, this person's rows may have been among those that were read."""
    return [line for purpose in PURPOSES for line in _queries(case, purpose)]


def _queries(case: Case, purpose: Purpose) -> Iterator[dict[str, Any]]:
    since_ms = first_ms(case, purpose)
    if since_ms is None:
        return
    asked = {"purpose": purpose.value, "since": since_ms}
    for user, day, kind, statements, read in case.custody.books.query(_QUERIES, asked).result_rows:
        yield {
            "purpose": purpose.value,
            "user": user,
            "day": day,
            "kind": kind,
            "statements": int(statements),
            "rows_read": int(read),
        }
