"""``governance.audit_log``: the entries of all audit logs that were collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, Any

from events.audit.entry import Entry
from events.clock import to_datetime
from sinks.chain.entries import LogHead
from sinks.chain.finding import Fault, Findings, entry_place
from sinks.insert import INSERT_SETTINGS

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

TABLE = "governance.audit_log"
#: Entries that are held at once, of less than 2 kB each.
ENTRIES_AT_ONCE = 10_000

#: Columns by the fields of ``Entry``; a time is a moment in the table, and ms in an entry.
_COLUMN = {each.name: each.name.removesuffix("_ms") for each in fields(Entry)}

_ENTRY = f"""
SELECT toString(log), number, toUnixTimestamp64Milli(at), os_user, actor, toString(act), begun,
    toString(purpose), person, rows, toString(outcome), detail, toUnixTimestamp64Milli(previous_at),
    toString(previous), toString(hash)
FROM {TABLE} FINAL
"""

_NEWEST = f"""
{_ENTRY}
ORDER BY at DESC, toString(log), number DESC
LIMIT {{most:UInt32}}
"""

_ENTRIES = f"""
{_ENTRY}
WHERE (toString(log), number, toString(hash))
    > ({{log:String}}, {{number:UInt64}}, {{hash:String}})
ORDER BY toString(log), number, toString(hash)
LIMIT {{most:UInt32}}
"""

_KNOWN = f"""
SELECT number, toString(hash) FROM {TABLE} FINAL WHERE toString(log) = {{log:String}}
"""

_IS_THERE = f"""
SELECT count() FROM {TABLE}
WHERE toString(log) = {{log:String}} AND number = {{number:UInt64}} AND hash = {{hash:String}}
"""


def collect(client: Client, entries: Iterable[Entry]) -> int:
    """Add those of ``entries``, which are of one log, that are not there; how many. Adding one
    again makes no second one of it."""
    known: set[tuple[int, str]] | None = None
    added = 0
    coming = iter(entries)
    while some := list(islice(coming, ENTRIES_AT_ONCE)):
        if known is None:
            known = _known(client, some[0].log)
        new = [entry for entry in some if (entry.number, entry.hash) not in known]
        if new:
            rows = [_row(entry) for entry in new]
            names = [*_COLUMN.values()]
            client.insert(TABLE, rows, column_names=names, settings=INSERT_SETTINGS)
        added += len(new)
    return added


def collected(client: Client) -> Iterator[Entry]:
    """Every entry, log by log, in the order of numbers."""
    after: dict[str, Any] = {"log": "", "number": 0, "hash": ""}
    while True:
        asked = {**after, "most": ENTRIES_AT_ONCE}
        rows = client.query(_ENTRIES, asked).result_rows
        for row in rows:
            yield Entry(*row)
        if len(rows) < ENTRIES_AT_ONCE:
            return
        last = Entry(*rows[-1])
        after = {"log": last.log, "number": last.number, "hash": last.hash}


def newest(client: Client, most: int) -> list[Entry]:
    """The ``most`` newest entries of all logs, oldest first."""
    rows = client.query(_NEWEST, {"most": most}).result_rows
    return [Entry(*row) for row in reversed(rows)]


def miss_entries(client: Client, findings: Findings, entries: Iterable[Entry]) -> None:
    """Put every entry that was collected from the log of ``entries``, and is not among them, into
    ``findings``: somebody took it out of the file, or changed it."""
    there: set[tuple[int, str]] = set()
    log = ""
    for entry in entries:
        log = entry.log
        there.add((entry.number, entry.hash))
    for number, _ in sorted(_known(client, log) - there) if log else ():
        findings.add(Fault.ENTRY_LOST, [entry_place(log, number)])


def miss_log_heads(
    client: Client, findings: Findings, heads: Iterable[LogHead], keeper: str
) -> None:
    """Put every head whose entry was not collected into ``findings``, as known to ``keeper``."""
    for head in heads:
        asked = {"log": head.log, "number": head.number, "hash": head.hash}
        ((count,),) = client.query(_IS_THERE, asked).result_rows
        if not count:
            place = entry_place(head.log, head.number)
            findings.add(Fault.HEAD_MISSING, [f"{place}, which {keeper} knows"])


def _known(client: Client, log: str) -> set[tuple[int, str]]:
    found = client.query(_KNOWN, {"log": log}).result_rows
    return {(int(number), str(hash_)) for number, hash_ in found}


def _row(entry: Entry) -> list[Any]:
    return [
        to_datetime(getattr(entry, name)) if name.endswith("_ms") else getattr(entry, name)
        for name in _COLUMN
    ]
