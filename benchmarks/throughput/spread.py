"""Of some runs the median, the least and the most: what every figure is told with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    middle: float
    least: float
    most: float
    runs: int

    @staticmethod
    def of(values: Iterable[float]) -> Spread:
        """``ValueError`` for no values."""
        found = sorted(values)
        if not found:
            raise ValueError("no run was measured")
        return Spread(median(found), found[0], found[-1], len(found))
