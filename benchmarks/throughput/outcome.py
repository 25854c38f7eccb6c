"""What one run of the product came to: figures alone, which pass between processes as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

#: The processes of the product, by kind; there may be several workers.
KINDS = ("worker", "loader", "broker")
#: Not among what the product costs: the machines that people work on.
PRODUCER = "producer"


@dataclass(frozen=True, slots=True)
class Used:
    """What a process took during the run; the peak is since its start."""

    cpu_s: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Disk:
    """A table's parts: when the last row came, and after merging all of it."""

    rows: int
    parts: int
    bytes_left: int
    bytes_merged: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """``seconds`` from the first message handed over until the last row was readable. ``used`` by
    process; the loader has the embedded ClickHouse in it. ``threads``: processor seconds of the
    threads of each process, by name. ``wire_bytes``: the raw topic as it was sent, compressed.
    ``checks``: how many things were found to be as they must be, before any of this was told.
    ``merge_cpu_s``: what merging took after the last row had come, until all was one part.
    ``freshness_ms``: of runs at a steady rate; ``answers_ms``: where readers asked.
    """

    title: str
    events: int
    messages: int
    workers: int
    seconds: float
    produced_s: float
    used: Mapping[str, Used]
    threads: Mapping[str, Mapping[str, float]] = field(repr=False)
    wire_bytes: int
    disk: Mapping[str, Disk]
    merge_cpu_s: float
    checks: int
    freshness_ms: Mapping[str, float] = field(default_factory=dict)
    answers_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds

    @property
    def cpu_s_a_million(self) -> float:
        """Workers, loader and broker together."""
        return sum(map(self.cpu_of, KINDS))

    @property
    def merged_cpu_s_a_million(self) -> float:
        """The same, and all merges that were still to come."""
        return self.cpu_s_a_million + self.merge_cpu_s / self.events * 1e6

    def cpu_of(self, kind: str) -> float:
        """Processor seconds a million events of all processes of a kind, such as ``worker``."""
        own = [used.cpu_s for name, used in self.used.items() if name.split()[0] == kind]
        return sum(own) / self.events * 1e6

    def peak_of(self, kind: str) -> int:
        """The largest peak of the processes of a kind, in bytes."""
        return max(used.peak_bytes for name, used in self.used.items() if name.split()[0] == kind)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(read: Mapping[str, Any]) -> Outcome:
        used = {name: Used(**each) for name, each in read["used"].items()}
        disk = {name: Disk(**each) for name, each in read["disk"].items()}
        return Outcome(**{**read, "used": used, "disk": disk})
