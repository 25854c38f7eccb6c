"""The command group `subject`: what is done for one person."""

from __future__ import annotations

import typer

from deploy.subject import erase_command
from deploy.subject.export import command as export_command


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Show what is held on one person; erase people from every store, with a receipt.",
    )
    export_command.register(group)
    erase_command.register(group)
    app.add_typer(group, name="subject")
