"""The one command a person types: ``glasshouse``. Each package brings its own commands."""

from __future__ import annotations

import sys

import typer

import deploy.commands
import producers.commands
import producers.simulate_command
import sinks.commands
import streams.commands
from events.errors import GlasshouseError
from events.options import err, show_json, show_table, with_settings
from events.settings import Resolved, Settings

app = typer.Typer(
    name="glasshouse",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Interaction events through Kafka and Faust into ClickHouse, so that it can be trusted.",
)


for package in (
    deploy.commands,
    producers.commands,
    producers.simulate_command,
    streams.commands,
    sinks.commands,
):
    package.register(app)


@app.callback()
def _about() -> None:
    """No option of its own: every setting belongs to the commands that use it."""


@app.command()
@with_settings(*Settings.model_fields)
def settings(
    resolved: Resolved, as_json: bool = typer.Option(False, "--json", help="One JSON object.")
) -> None:
    """Print every setting in force, with the place its value came from; secrets are masked.

    Example: glasshouse settings --json
    """
    values = resolved.settings.shown()
    if as_json:
        show_json(
            {
                name: {"value": values[name], "from": source}
                for name, source in resolved.sources.items()
            }
        )
    else:
        rows = [(name, values[name], source) for name, source in resolved.sources.items()]
        show_table("", ("setting", "value", "from"), rows)


def main() -> None:
    """Entry point: errors become one clear text and an exit status, never a traceback."""
    try:
        app()
    except GlasshouseError as error:
        err.print(f"glasshouse: {error}", style="bold red", highlight=False, markup=False)
        sys.exit(2)
    except KeyboardInterrupt:
        err.print("glasshouse: stopped by Ctrl-C", highlight=False)
        sys.exit(130)


if __name__ == "__main__":
    main()
