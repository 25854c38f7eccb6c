"""A measurement is a process of its own: one engine and one peak of memory each. It says what came
out as one JSON object on standard output, and nothing there where anything was wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import typer

from events.errors import GlasshouseError
from events.log import configure_logging
from events.options import err


def run_app(app: typer.Typer) -> None:
    """Run a measurement's command line. What is wrong is said in words, with exit status 1."""
    configure_logging("warning", "text")  # standard output is for the result
    try:
        app()
    except (GlasshouseError, RuntimeError) as error:
        err.print(str(error), highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(1) from None


def tell(result: dict[str, Any]) -> None:
    """The result, once it is known to be right."""
    sys.stdout.write(json.dumps(result) + "\n")


def measured(module: str, *arguments: object) -> dict[str, Any]:
    """What the measurement ``module`` of this package told. ``RuntimeError`` where it told nothing:
    why is on standard error."""
    name = f"{__package__}.{module}"
    done = subprocess.run(
        [sys.executable, "-m", name, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name} ended with status {done.returncode}, so nothing is told of it")
    return dict(json.loads(done.stdout))
