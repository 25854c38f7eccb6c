"""Is somebody who was erased anywhere still? Measured:

    make erasure
    make erasure ARGS="--people 1000 --erased 100 --json"

Everybody publishes all the time, to two workers and a loader, also who was erased. Some are erased
by one command meanwhile. Then all stores are looked through: tables, the files of their active
parts, Kafka's compacted topics; everything is read and loaded once more from the beginning; and a
backup is restored that still has them. Ends with 1 if anything of theirs was found, if anybody else
lost a row, or if a receipt does not verify.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from events.options import err, show_json, show_table
from tests.erasure.run import Plan, is_good, measure


def main(
    *,
    people: Annotated[int, typer.Option(help="How many people publish.")] = 1_000,
    erased: Annotated[int, typer.Option(help="How many of them are erased.")] = 100,
    before: Annotated[float, typer.Option(help="Seconds of load before that.")] = 30.0,
    after: Annotated[float, typer.Option(help="Seconds of load after it.")] = 20.0,
    every: Annotated[float, typer.Option(help="Seconds between a person's batches.")] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Erase people under load, and look for them everywhere."""
    plan = Plan(people, erased, before, after, every)
    with tempfile.TemporaryDirectory(prefix="erasure-") as folder:
        found = measure(Path(folder), plan, err.print)
    if as_json:
        show_json(found)
    else:
        show_table("", ("what", "found"), [(name, str(value)) for name, value in found.items()])
    sys.exit(0 if is_good(found) else 1)


if __name__ == "__main__":
    typer.run(main)
