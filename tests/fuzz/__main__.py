"""Throws mutated and adversarial messages at everything that reads what others wrote:

python -m tests.fuzz --inputs 1000000"""

from __future__ import annotations

import os
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from events.options import err
from producers.ctrl_c import asked_to_stop
from tests.fuzz.fuzzing import Found
from tests.fuzz.processes import Run, watch
from tests.fuzz.report import show, together
from tests.fuzz.targets import NAMES, TARGETS

_INTERRUPTED = 130
app = typer.Typer(add_completion=False)


@app.command()
def main(
    inputs: Annotated[int, typer.Option(min=1, help="How many, over all targets.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same inputs.")] = 0,
    *,
    target: Annotated[
        list[str] | None, typer.Option(help=f"Only this; again for more: {', '.join(NAMES)}.")
    ] = None,
    processes: Annotated[int, typer.Option(help="0: one for each core.")] = 0,
    keep: Annotated[Path, typer.Option(help="Folder for inputs that are faults.")] = Path(
        "fuzz-found"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Fuzz every reader. Exit status 1 where an input crashed or hung one, raised what is not
    declared, broke a promise, or took more than a second or too much memory.

    Example: python -m tests.fuzz --inputs 100000 --target record_batches
    """
    unknown = sorted(set(target or ()) - set(NAMES))
    if unknown:
        raise typer.BadParameter(f"no such target: {', '.join(unknown)}")
    count, started_s = processes or os.cpu_count() or 1, time.monotonic()
    share = shares(-(-inputs // count), target or NAMES)
    with asked_to_stop() as stop, tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        runs = [Run(share, 1_000 * seed + each, Path(folder)) for each in range(count)]
        with Progress(console=err, disable=not err.is_terminal, transient=True) as progress:
            task = progress.add_task("fuzzing", total=count * sum(share.values()))
            watch(runs, lambda done: progress.update(task, completed=done), stop.is_set)
        interrupted = stop.is_set()
    reports = together([run.reports for run in runs])
    found = [each for run in runs for each in run.found]
    found += [each for report in reports.values() for each in report.found]
    for each in found:
        save(each, keep)
    show(reports, found, time.monotonic() - started_s, as_json)
    raise typer.Exit(1 if found else _INTERRUPTED if interrupted else 0)


def shares(inputs: int, names: tuple[str, ...] | list[str]) -> dict[str, int]:
    """``inputs`` divided among the targets by their weights, rounded up."""
    whole = sum(TARGETS[name].weight for name in names)
    return {name: -(-inputs * TARGETS[name].weight // whole) for name in names}


def save(found: Found, folder: Path) -> None:
    """The input, under a name that tells the target; beside it, what it did."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{found.target}-{sha256(found.data).hexdigest()[:12]}"
    (folder / f"{stem}.bin").write_bytes(found.data)
    (folder / f"{stem}.txt").write_text(found.fault + "\n", encoding="utf-8")


if __name__ == "__main__":
    app()
