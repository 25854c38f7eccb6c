"""Attacks the policy with recordings of people:

python -m benchmarks.reidentification Mouse-Dynamics-Challenge/training_files"""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from benchmarks.reidentification.remembered import Memory, fingerprint
from benchmarks.reidentification.run import Learners, Study, default_granularity, run
from benchmarks.reidentification.show import tables
from events.errors import InputError
from events.options import err, show_json, show_table
from producers.find_recordings import find_recordings
from producers.recordings import Format, Recording

_INTERRUPTED = 130
app = typer.Typer(add_completion=False)


@app.command()
def main(
    recordings: Annotated[Path, typer.Argument(help="Balabit's layout: USER/session_N.")],
    *,
    splits: Annotated[int, typer.Option(min=1, help="How many random halves are tried.")] = 5,
    processes: Annotated[int, typer.Option(help="Threads; 0: one for each core.")] = 0,
    keep: Annotated[Path, typer.Option(help="Folder for results worked out before.")] = Path(
        "build/reidentification"
    ),
    write: Annotated[
        Path | None, typer.Option(help="Folder for reidentification.json and the pictures.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Find out how well people are recognised, at each grid and tick, and what the data is still
    good for. It may be stopped at any time: what was worked out is kept.

    Example: python -m benchmarks.reidentification training_files --splits 2
    """
    try:
        from benchmarks.reidentification.forest import TREES, Forest, PlaceForest
    except ModuleNotFoundError as error:
        err.print(f"{error.name} is not installed: run it as `make reidentification`")
        raise typer.Exit(2) from None
    started_s = time.monotonic()
    try:
        found = find_recordings(recordings, Format.BALABIT)
    except InputError as error:
        err.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from None
    threads = processes or os.cpu_count() or 1
    learners = Learners(f"random forest of {TREES} trees", Forest(threads), PlaceForest(threads))
    packages = versions()
    memory = Memory(keep, fingerprint(found, learners.name, packages))
    try:
        result = _run(Study(found, learners, range(splits), memory))
    except KeyboardInterrupt:
        err.print(f"stopped; what was worked out is in {keep}, and the same command goes on there")
        raise typer.Exit(_INTERRUPTED) from None
    result = {**_method(found, learners.name, splits, packages, started_s), **result}
    if write is not None:
        save(result, write)
    if as_json:
        show_json(result)
        return
    for table in tables(result):
        show_table(table.title, table.columns, table.rows)


def versions() -> dict[str, str]:
    """Of what the figures depend on, besides this repository."""
    packages = {name: version(name) for name in ("numpy", "scikit-learn", "matplotlib")}
    return {"python": platform.python_version(), **packages}


def save(result: dict[str, Any], folder: Path) -> None:
    """The figures and the pictures of them."""
    from benchmarks.reidentification.picture import draw

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_rounded(result), indent=1, ensure_ascii=False)
    (folder / "reidentification.json").write_text(text + "\n", encoding="utf-8")
    draw(result, folder)


def _run(study: Study) -> dict[str, Any]:
    with Progress(console=err, disable=not err.is_terminal, transient=True) as progress:
        task = progress.add_task("attacking", total=study.steps)

        def step(name: str) -> None:
            progress.update(task, advance=1, description=f"attacked: {name}")

        return run(replace(study, on_step=step))


def _method(
    found: list[Recording], learner: str, splits: int, packages: dict[str, str], started_s: float
) -> dict[str, Any]:
    default = default_granularity()
    return {
        "recordings": {
            "people": len({recording.subject for recording in found}),
            "sessions": len(found),
            "events": sum(len(recording.read().columns) for recording in found),
        },
        "method": {
            "learner": learner,
            "splits": f"{splits} random halves of everybody's sessions, seeds 0 to {splits - 1}",
            "value": "[mean, standard deviation over the splits]",
            "policy_default": default.name,
        },
        "machine": {
            "cores": os.cpu_count(),
            "architecture": platform.machine(),
            "system": platform.system(),
        },
        "versions": packages,
        "seconds": round(time.monotonic() - started_s),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    app()
