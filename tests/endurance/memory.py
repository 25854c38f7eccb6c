"""The memory of processes, from Linux' own books, and what it was before, during and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from benchmarks.processes import held_bytes

_BYTES_PER_MIB = 1_048_576


def rss_mib(pid: int) -> float | None:
    """Resident memory of a process in MiB; None where there is no such process. Linux only."""
    try:
        return held_bytes(pid) / _BYTES_PER_MIB
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Span:
    """Median before, most at any time after that, and median at the end, in MiB."""

    before_mib: float
    peak_mib: float
    after_mib: float


@dataclass(slots=True)
class Samples:
    """MiB by process and phase, with seconds since the start."""

    taken: dict[str, list[tuple[str, float, float]]] = field(default_factory=dict)

    def take(self, phase: str, at_s: float, pids: Mapping[str, int]) -> None:
        for name, pid in pids.items():
            if (mib := rss_mib(pid)) is not None:
                self.taken.setdefault(name, []).append((phase, at_s, mib))

    def of(self, name: str, *phases: str) -> list[tuple[float, float]]:
        """(seconds, MiB) of a process in these phases; in all, if none is named."""
        found = self.taken.get(name, ())
        return [(at_s, mib) for phase, at_s, mib in found if not phases or phase in phases]

    def span(self, name: str, before: str, after: str) -> Span:
        """Raises ``ValueError`` where a phase has no sample of the process."""
        everything = [mib for _, mib in self.of(name)]
        medians = [self._median(name, phase) for phase in (before, after)]
        return Span(medians[0], max(everything), medians[1])

    def _median(self, name: str, phase: str) -> float:
        found = [mib for _, mib in self.of(name, phase)]
        if not found:
            raise ValueError(f"{name} was never seen in the phase {phase}")
        return median(found)
