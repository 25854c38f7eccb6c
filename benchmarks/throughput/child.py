"""A measurement is a process of its own: one engine and one peak of memory each. It says what came
out as one JSON object on standard output, and nothing there where anything was wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import typer

from deploy.process import die_with_parent
from events.errors import GlasshouseError
from events.log import configure_logging
from events.options import err

_WRONG, _UNCLEAR = 1, 75  # the second as in <sysexits.h>: to be tried again


class Unclear(RuntimeError):
    """Nothing was wrong, but what was to be measured cannot be told from this run."""


def run_app(app: typer.Typer) -> None:
    """Run a measurement's command line. What is wrong is said in words."""
    configure_logging("warning", "text")  # standard output is for the result
    try:
        app()
    except (GlasshouseError, RuntimeError) as error:
        err.print(str(error), highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(_UNCLEAR if isinstance(error, Unclear) else _WRONG) from None


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
        preexec_fn=die_with_parent,
    )
    if done.returncode == _UNCLEAR:
        raise Unclear(f"{name} could not tell what it was asked for")
    if done.returncode:
        raise RuntimeError(f"{name} ended with status {done.returncode}, so nothing is told of it")
    return dict(json.loads(done.stdout))
