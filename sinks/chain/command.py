"""The command ``audit``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from events.options import err, out, show_json, show_table
from events.settings import Settings

if TYPE_CHECKING:
    from sinks.chain.audit import Audit
    from sinks.chain.walk import Head

_File = Optional[Path]  # noqa: UP045 (Typer reads it at run time)


def audit(
    settings: Settings,
    heads: Annotated[
        _File,
        typer.Option(metavar="FILE", help="Compare with the heads that an earlier audit saved."),
    ] = None,
    save_heads: Annotated[
        _File,
        typer.Option(metavar="FILE", help="Save the heads to a new file, to be kept elsewhere."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Find out whether anybody changed the accounting: follow its hash chains, compare every row.

    Exit status 1 if it finds anything. Run it while no loader is busy. A chain cannot show by
    itself that its newest links were cut off, so keep the heads where nobody can change them; with
    --kafka-servers those that the loaders committed to Kafka are compared too.

    Example: glasshouse audit --heads march.json --save-heads april.json
    """
    from sinks.chain.audit import audit as look
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
        _show(found)
    if save_heads:
        _save_good(found, lambda good: save(good, save_heads))
    raise typer.Exit(0 if found.ok else 1)


def _save_good(found: Audit, save: Callable[[list[Head]], None]) -> None:
    if found.ok:
        save(found.heads)
    else:
        err.print("heads were not saved: they would vouch for what was found")


def _show(found: Audit) -> None:
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
    for one in found.to_json()["findings"]:
        out.print(f"{one['count']:,} {one['meaning']}, such as", highlight=False)
        for place in one["places"]:
            out.print(f"  {place}", highlight=False, soft_wrap=True)
    if not found.heads_in_file + found.heads_in_kafka:
        out.print("no head was compared: that the newest links were cut off would not be seen")
    rows = sum(each.rows for each in found.sources)
    out.print(
        f"{rows:,} rows are as they were loaded" if found.ok else "the accounting was CHANGED"
    )


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """A line that tells how far it has come, while a person watches."""
    done: dict[str, int] = {}
    if not err.is_terminal:
        yield lambda what, count: None
        return
    with err.status("following the chains ...") as line:

        def show(what: str, count: int) -> None:
            done[what] = done.get(what, 0) + count
            line.update(", ".join(f"{total:,} {name}" for name, total in done.items()))

        yield show
