"""Measures what people would use instead of Glasshouse:

python -m benchmarks.peers --recordings Mouse-Dynamics-Challenge/training_files"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from benchmarks.peers.measure import WORKERS, Peer, PeerRun, peers
from events.errors import Stop
from events.options import err, show_json, show_table

_INTERRUPTED = 130
_COLUMNS = {
    "name": "peer",
    "version": "version",
    "events_a_message": "events a message",
    "events": "events",
    "seconds": "seconds",
    "events_per_s": "events/s",
    "cpu_us_an_event": "CPU, us an event",
}
app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    recordings: Annotated[
        Path | None, typer.Option(help="Balabit's layout. Without it events are SIMULATED.")
    ] = None,
    events: Annotated[int, typer.Option(min=0, help="0: what gives each a steady rate.")] = 0,
    only: Annotated[str, typer.Option(help="Peers whose name has this in it.")] = "",
    workers: Annotated[int, typer.Option(min=1, help="Processes of each.")] = WORKERS,
    keep: Annotated[Path, typer.Option(help="Folder for logs and tables.")] = Path(
        "build/peer-runs"
    ),
    install: Annotated[bool, typer.Option("--install", help="Install them, and no more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Do Glasshouse's work with what others would use. Each is installed, at first use, into an
    environment of its own below build/peers.

    Example: python -m benchmarks.peers --recordings training_files --only quix
    """
    chosen = [peer for peer in peers() if only.lower() in peer.name.lower()]
    try:
        if install:
            for peer in chosen:
                err.print(f"{peer.name} {peer.version}: {peer.environment.installed()}")
            return
        runs = [_run(peer, recordings, events, keep, workers) for peer in chosen]
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None
    except Stop as error:
        err.print(f"peers: {error}", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    _show(chosen, runs, workers, as_json=as_json)
    if not all(run.checked for run in runs):
        raise typer.Exit(1)


def _run(peer: Peer, recordings: Path | None, events: int, keep: Path, workers: int) -> PeerRun:
    wanted = events or peer.usual_events
    with Progress(console=err, disable=not err.is_terminal, transient=True) as progress:
        task = progress.add_task(f"{peer.name}: starting", total=wanted)

        def tell(done: int) -> None:
            progress.update(task, completed=done, description=peer.name)

        return peer.run(recordings, wanted, keep, workers=workers, on_progress=tell)


def _show(chosen: Sequence[Peer], runs: Sequence[PeerRun], workers: int, *, as_json: bool) -> None:
    told = [
        {
            "name": peer.name,
            "version": peer.version,
            "doing": peer.doing,
            "events_a_message": peer.together,
            **asdict(run),
            "events_per_s": run.events_per_s,
            "cpu_us_an_event": run.cpu_us_an_event,
        }
        for peer, run in zip(chosen, runs, strict=True)
    ]
    if as_json:
        show_json({"workers": workers, "peers": told})
        return
    rows = [[each[name] for name in _COLUMNS] for each in told]
    title = f"{runs[0].title}, {workers} processes of each" if runs else "no such peer"
    show_table(title, list(_COLUMNS.values()), rows)
    for peer, run in zip(chosen, runs, strict=True):
        if not run.checked:
            err.print(f"what {peer.name} made is wrong, so no rate is told of it")


if __name__ == "__main__":
    app()
