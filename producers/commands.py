"""Commands: `replay`, `consent` and `spool`."""

from __future__ import annotations

import typer

from producers import consent_commands, replay_command, spool_commands


def register(app: typer.Typer) -> None:
    """Add this package's commands to ``app``."""
    replay_command.register(app)
    consent_commands.register(app)
    spool_commands.register(app)
