"""Starts the agents of partitions that went to another worker anew, one after the other."""

from __future__ import annotations

from typing import Any

from mode.supervisors import OneForOneSupervisor


class PatientSupervisor(OneForOneSupervisor):
    """As Faust's own, but it waits where that one ends the process.

    Faust means to allow 100 restarts a second, but its bucket holds a single one (mode fills it
    anew every 10 ms): a rebalance that takes several partitions at once would end a sound worker.
    """

    def __init__(self, *services: Any, **more: Any) -> None:
        super().__init__(*services, raises=None, **more)  # type: ignore[arg-type]
