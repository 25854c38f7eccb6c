"""What an audit found, for a person to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from events.clock import to_datetime
from events.options import out, show_table

if TYPE_CHECKING:
    from sinks.chain.audit import Audit


def show_audit(found: Audit) -> None:
    """Tables of chains and logs, the places of what is wrong, and the verdict."""
    _show_chains(found)
    _show_logs(found)
    for one in found.to_json()["findings"]:
        out.print(f"{one['count']:,} {one['meaning']}, such as", highlight=False)
        for place in one["places"]:
            out.print(f"  {place}", highlight=False, soft_wrap=True)
    if not found.heads_in_file + found.heads_in_kafka:
        out.print("no head was compared: that the newest links were cut off would not be seen")
    rows = sum(each.rows for each in found.sources)
    entries = sum(each.entries for each in found.logs)
    out.print(
        f"{rows:,} rows of the accounting and {entries:,} entries of audit logs are as they were "
        "written"
        if found.ok
        else "the accounting, or an audit log, was CHANGED",
        highlight=False,
    )


def _show_chains(found: Audit) -> None:
    chains = [
        (
            each.head.partition,
            each.links,
            ", ".join(str(offset) for offset in each.beginnings) or "none",
            each.head.offset,
            each.head.hash,
        )
        for each in found.chains
    ]
    show_table("", ("partition", "links", "begins at", "head at", "head"), chains)
    for source in found.sources:
        if source.before:
            where = f"topic id {source.topic_id}, partition {source.partition}"
            out.print(f"{where}: {source.before:,} rows from before the chain", highlight=False)
    unchecked = sum(each.unchecked for each in found.chains)
    if unchecked:
        out.print(f"{unchecked:,} batch ids could not be compared: another attempt has none")


def _show_logs(found: Audit) -> None:
    logs = [
        (
            each.where,
            each.entries,
            each.unfinished,
            f"{to_datetime(each.head.at_ms):%Y-%m-%d %H:%M:%S}",
            each.head.hash,
        )
        for each in found.logs
    ]
    if logs:
        columns = ("audit log in", "entries", "without an end", "head of (UTC)", "head")
        show_table("", columns, logs)
