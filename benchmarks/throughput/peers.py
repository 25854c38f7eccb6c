"""What people would use instead, if it is there to be measured: see ``benchmarks/peers``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast


class PeerRun(Protocol):
    """``checked``: what came out was found to be right; otherwise its time says nothing."""

    @property
    def events(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def cpu_s(self) -> float: ...
    @property
    def checked(self) -> bool: ...


class Peer(Protocol):
    """``doing`` says in a sentence what it does. ``usual_events``: enough for a steady rate."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def doing(self) -> str: ...
    @property
    def usual_events(self) -> int: ...
    def run(self, recordings: Path | None, events: int, work_dir: Path) -> PeerRun: ...


MISSING = "benchmarks/peers is not there, so nothing is compared with what others would cost"


def peers() -> Sequence[Peer]:
    """All of them; none where the package is missing."""
    try:
        module = import_module("benchmarks.peers.measure")
    except ModuleNotFoundError as error:
        if error.name not in ("benchmarks.peers", "benchmarks.peers.measure"):
            raise
        return ()
    return cast("Sequence[Peer]", module.peers())
