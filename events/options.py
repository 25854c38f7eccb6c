"""Settings as command-line options, and results as a table or JSON: the same for every command."""

from __future__ import annotations

import functools
import inspect
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional, get_type_hints

import typer
from rich.console import Console
from rich.table import Table

from events.log import configure_logging
from events.settings import SECRETS, Settings, resolve

#: Results go to standard output; progress, notes and errors to standard error.
out = Console()
err = Console(stderr=True)

_ALWAYS = ("log_level", "log_format")


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of the settings ``names``, and pass it ``settings``, resolved
    from flags, environment and file (or ``resolved``, with the sources, if it asks for that).
    Raises ``SettingsError`` (every fault at once)."""
    fields = tuple(name for name in dict.fromkeys((*names, *_ALWAYS)) if name not in SECRETS)

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command)
        hints = get_type_hints(command, include_extras=True)
        own = [
            parameter.replace(annotation=hints[name])
            for name, parameter in signature.parameters.items()
            if name not in ("settings", "resolved")
        ]
        wanted = "resolved" if "resolved" in signature.parameters else "settings"
        options = [_option(name, *_described(name)) for name in fields]
        options.append(_option("config", "Settings file.", "glasshouse.toml, if it is there"))

        @functools.wraps(command)
        def run(*args: Any, **kwargs: Any) -> None:
            flags = {name: kwargs.pop(name, None) for name in fields}
            resolved = resolve(flags, config=kwargs.pop("config", None))
            configure_logging(resolved.settings.log_level, resolved.settings.log_format)
            given = resolved if wanted == "resolved" else resolved.settings
            command(*args, **{wanted: given}, **kwargs)

        run.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in [*own, *options]}
        del run.__wrapped__  # or Typer would read the old signature
        return run

    return decorate


def _described(name: str) -> tuple[str, str]:
    field = Settings.model_fields[name]
    return field.description or "", str(field.default) or "empty"


def _option(name: str, meaning: str, default: str) -> inspect.Parameter:
    """The parameter of a command that Typer turns into the option of a setting."""
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=typer.Option(
            None,
            f"--{name.replace('_', '-')}",
            help=meaning,
            show_default=default,
            rich_help_panel="Settings (also from environment or file)",
        ),
        annotation=Optional[str],  # noqa: UP045 (Typer reads it at run time)
    )


def show_json(value: Mapping[str, Any]) -> None:
    """One JSON object on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A readable table; numbers to the right, in groups of three. None: nothing to tell, ``-``."""
    table = Table(title=title or None, title_justify="left")
    for index, column in enumerate(columns):
        told = [row[index] for row in rows if row[index] is not None]
        numeric = bool(told) and all(
            isinstance(value, int | float) and not isinstance(value, bool) for value in told
        )
        table.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    out.print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
