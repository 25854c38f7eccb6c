"""The commands `audit verify`, `audit show` and `audit collect`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from events.options import err, out, show_json, show_table, with_settings
from events.settings import KAFKA_ACCESS, Settings

if TYPE_CHECKING:
    from events.audit.entry import Entry
    from sinks.chain.audit import Audit

_CLICKHOUSE = ("data_dir", "clickhouse_url", "clickhouse_user", "server_timeout_s")
_LOG = ("audit_file",)
_File = Optional[Path]  # noqa: UP045 (Typer reads it at run time)
_Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the group `audit` to ``app``."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Find out who did what, and whether anybody changed the books or the audit log.",
    )
    group.command()(with_settings(*_CLICKHOUSE, *KAFKA_ACCESS, "group_prefix", *_LOG)(verify))
    group.command()(with_settings(*_CLICKHOUSE, *_LOG)(show))
    group.command()(with_settings(*_CLICKHOUSE, "clickhouse_cluster", *_LOG, "actor")(collect))
    app.add_typer(group, name="audit")


def verify(
    settings: Settings,
    heads: Annotated[
        _File,
        typer.Option(metavar="FILE", help="Compare with the heads that an earlier audit saved."),
    ] = None,
    save_heads: Annotated[
        _File,
        typer.Option(metavar="FILE", help="Save the heads to a new file, to be kept elsewhere."),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Find out whether anybody changed the accounting, or an audit log: follow every chain.

    Exit status 1 if it finds anything. Run it while no loader is busy. A chain cannot show by
    itself that its newest links were cut off, so keep the heads where nobody can change them; with
    --kafka-servers those that the loaders committed to Kafka are compared too. The audit log of
    this machine is compared with what was collected of it.

    Example: glasshouse audit verify --heads march.json --save-heads april.json
    """
    from sinks.chain.audit import audit as look
    from sinks.chain.show import show_audit
    from sinks.chain.witness import save_heads as save
    from sinks.data_dir import require_made
    from sinks.prepare import require_tables
    from sinks.warehouse import open_warehouse

    if settings.embedded_clickhouse:
        require_made(settings.data_dir)
    with open_warehouse(settings) as warehouse:
        require_tables(warehouse.client)
        with _progress() as progress:
            found = look(warehouse.client, settings, heads, progress)
    if as_json:
        show_json(found.to_json())
    else:
        show_audit(found)
    if save_heads:
        _save_good(found, lambda good: save(good.heads, save_heads, good.log_heads))
    raise typer.Exit(0 if found.ok else 1)


def show(
    settings: Settings,
    last: Annotated[int, typer.Option(min=1, help="As many entries at most, the newest.")] = 50,
    collected: Annotated[
        bool,
        typer.Option(
            "--collected", help="Of all machines, from ClickHouse; not of this one's log."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show who read personal data and administered what, newest last.

    Example: glasshouse audit show --last 20
    """
    entries = _collected(settings, last) if collected else _of_this_machine(settings, last)
    if as_json:
        for entry in entries:
            show_json(_told(entry))
        return
    rows = [
        (
            each["number"],
            each["at"],
            each["os_user"] + (f" ({each['actor']})" if each["actor"] else ""),
            each["act"],
            each["purpose"],
            each["detail"],
            each["rows"] if each["rows"] >= 0 else "",
            each["outcome"] or "begins",
        )
        for each in map(_told, entries)
    ]
    columns = ("", "at (UTC)", "who", "what", "purpose", "detail", "rows", "outcome")
    show_table("", columns, rows)


def collect(
    settings: Settings,
    log: Annotated[
        Optional[list[Path]],  # noqa: UP045 (Typer reads it at run time)
        typer.Option(metavar="FILE", help="The audit log of another machine; may be repeated."),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Take the audit logs, and what ClickHouse knows of who asked what, into ClickHouse.

    Run it every few minutes where commands are run, as ClickHouse's user with the role auditor.
    Repeating it adds nothing twice.

    Example: glasshouse audit collect --log /mnt/other/audit.jsonl
    """
    from events.audit.entry import Act
    from events.audit.log import AuditLog
    from events.audit.recorded import recorded
    from sinks import audit_log
    from sinks.prepare import require_tables
    from sinks.queries import collect_queries, has_query_log
    from sinks.warehouse import open_warehouse

    queries = None
    with open_warehouse(settings) as warehouse:
        client = warehouse.client
        require_tables(client)
        with recorded(settings, Act.COLLECT) as done:
            files = [settings.audit_path, *(log or ())]
            entries = sum(audit_log.collect(client, AuditLog(file).entries()) for file in files)
            if has_query_log(client):
                queries = collect_queries(client, settings.clickhouse_cluster)
            done.rows = entries + (queries or 0)
    if as_json:
        show_json({"logs": len(files), "entries_added": entries, "queries_added": queries})
        return
    out.print(f"{entries:,} entries of {len(files)} audit logs are new", highlight=False)
    out.print(
        "this ClickHouse keeps no log of queries (system.query_log), or not for this user"
        if queries is None
        else f"{queries:,} statements are new",
        highlight=False,
    )


def _of_this_machine(settings: Settings, last: int) -> list[Entry]:
    from collections import deque

    from events.audit.log import AuditLog

    if not settings.audit_path.exists():
        return []
    return list(deque(AuditLog(settings.audit_path).entries(), last))


def _collected(settings: Settings, last: int) -> list[Entry]:
    from sinks.audit_log import newest
    from sinks.prepare import require_tables
    from sinks.warehouse import open_warehouse

    with open_warehouse(settings) as warehouse:
        require_tables(warehouse.client)
        return newest(warehouse.client, last)


def _told(entry: Entry) -> dict[str, Any]:
    from dataclasses import asdict

    from events.clock import to_datetime

    known = asdict(entry)
    del known["previous_at_ms"], known["previous"]
    at_ms = known.pop("at_ms")
    return {"at": f"{to_datetime(at_ms):%Y-%m-%d %H:%M:%S}", **known, "person": str(entry.person)}


def _save_good(found: Audit, save: Callable[[Audit], None]) -> None:
    if found.ok:
        save(found)
    else:
        err.print("heads were not saved: they would vouch for what was found")


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """A line that tells how far it has come, while a person watches."""
    done: dict[str, int] = {}
    if not err.is_terminal:
        yield lambda what, count: None
        return
    with err.status("following the chains ...") as line:

        def tell(what: str, count: int) -> None:
            done[what] = done.get(what, 0) + count
            line.update(", ".join(f"{total:,} {name}" for name, total in done.items()))

        yield tell
