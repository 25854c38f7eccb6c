"""The commands `spool show`, `spool send` and `spool purge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from events.audit.entry import Act
from events.audit.recorded import recorded
from events.errors import InputError
from events.options import out, show_json, with_settings
from events.settings import Settings
from producers.connect import CONNECTION, connect
from producers.publishing import PUBLISHING

_Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the group `spool` to ``app``."""
    group = typer.Typer(
        no_args_is_help=True, help="What a producer on this machine keeps until Kafka has it."
    )
    group.command()(with_settings("spool_dir", "spool_limit_bytes")(show))
    group.command()(with_settings(*CONNECTION, *PUBLISHING)(send))
    group.command()(with_settings("spool_dir", "spool_limit_bytes")(purge))
    app.add_typer(group, name="spool")


def show(settings: Settings, as_json: _Json = False) -> None:
    """Show how much is unsent and how old it is; nobody's name.

    Example: glasshouse spool show --spool-dir ~/.glasshouse/spool
    """
    from producers.spool import open_spool

    with open_spool(_made(settings), settings.spool_limit_bytes) as spool:
        held = spool.held()
    if as_json:
        show_json({
            "batches": held.batches,
            "events": held.events,
            "bytes_on_disk": held.bytes_on_disk,
            "limit_bytes": settings.spool_limit_bytes,
            "oldest_age_s": round(held.oldest_age_s, 3),
        })  # fmt: skip
        return
    out.print(
        f"{held.batches:,} unsent batches of {held.events:,} events; {held.bytes_on_disk:,} bytes "
        f"on disk of {settings.spool_limit_bytes:,}; the oldest is {held.oldest_age_s:,.0f} s old",
        highlight=False,
        soft_wrap=True,
    )


def send(settings: Settings, as_json: _Json = False) -> None:
    """Send what is in the spool, where its producer will not run again.

    Example: glasshouse spool send --spool-dir ~/.glasshouse/spool --kafka-servers kafka:9092
    """
    from events.registry import codec_for
    from producers.publishing import publishing

    _made(settings)
    connect(settings)
    with publishing(settings, codec_for(settings)) as publisher:
        publisher.flush()
    batches = publisher.report.left_over_messages
    if as_json:
        show_json({"batches_sent": batches, "events_sent": publisher.report.left_over_events})
        return
    out.print(f"sent {batches:,} batches that were left over", highlight=False)


def purge(
    *,
    settings: Settings,
    everything: Annotated[
        bool, typer.Option("--all", help="Say that everything shall go.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Remove all unsent batches from this machine without a trace, also from a damaged spool.

    Whose they are nobody can tell here: their names are sealed. What people who withdraw have in it
    need not be removed, since the gate withholds it: `glasshouse consent withdraw`.

    Example: glasshouse spool purge --all --spool-dir ~/.glasshouse/spool
    """
    from producers.spool_folder import claimed, wipe

    if not everything:
        raise InputError("say --all: everybody's unsent batches go, and cannot be had again")
    folder = _made(settings)
    with recorded(settings, Act.SPOOL_PURGE, detail="everybody"), claimed(folder):
        wipe(folder)
    if as_json:
        show_json({"spool_is_empty": True})
        return
    out.print("the spool is empty", highlight=False)


def _made(settings: Settings) -> Path:
    """The folder of the spool, which must be there: a slip of the pen must not make a new one."""
    if settings.spool_dir is None:
        raise InputError("no spool is named: set --spool-dir (GLASSHOUSE_SPOOL_DIR)")
    if not settings.spool_dir.is_dir():
        raise InputError(
            f"there is no spool at {settings.spool_dir}. Name the right folder with --spool-dir."
        )
    return settings.spool_dir
