"""Commands: `broker`, `demo` and `status`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from events.options import err


def register(app: typer.Typer) -> None:
    """Add this package's commands to ``app``."""
    app.command()(broker)


def broker(
    port: Annotated[int, typer.Option(help="TCP port on 127.0.0.1.")] = 9092,
    log_file: Annotated[Path, typer.Option(help="Where the broker's own log goes.")] = Path(
        "glasshouse-broker.log"
    ),
) -> None:
    """Run the embedded broker in the foreground, for trying things out. It keeps no data.

    Example: glasshouse broker --port 9092
    """
    from threading import Event

    from deploy.broker import EmbeddedBroker

    with EmbeddedBroker(log_file, port) as running:
        err.print(f"broker at {running.servers} (in memory only); Ctrl-C stops it")
        Event().wait()
