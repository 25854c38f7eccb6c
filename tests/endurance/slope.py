"""Does memory grow? A least-squares line through a series, and a verdict on it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import NormalDist, fmean, median

#: (seconds, MiB).
Series = Sequence[tuple[float, float]]

#: Single samples swing with every block of rows; the median of so long does not.
BIN_S = 20.0
FEWEST_BINS = 12
#: Growth in an hour that still counts as flat: allocators fill gaps slowly, and caches settle.
ALLOWED_SHARE_PER_H, ALLOWED_MIB_PER_H = 0.10, 32.0
#: A leak that must show: 1 MiB a minute.
LEAK_MIB_PER_H = 60.0
_CONFIDENCE = 0.95
_MOST_CORRELATED = 0.95


class Verdict(StrEnum):
    FLAT = "flat"
    GROWS = "grows"
    UNCLEAR = "unclear"  # run longer


@dataclass(frozen=True, slots=True)
class Trend:
    """The line through the medians of each ``BIN_S``. ``half_width_mib_per_h``: of the slope's
    95 % confidence interval, widened where the residuals hang together (lag-1 correlation).
    ``first_mib`` and ``last_mib``: medians of the first and of the last third."""

    slope_mib_per_h: float
    half_width_mib_per_h: float
    first_mib: float
    median_mib: float
    last_mib: float

    @property
    def allowed_mib_per_h(self) -> float:
        return max(ALLOWED_SHARE_PER_H * self.median_mib, ALLOWED_MIB_PER_H)

    @property
    def verdict(self) -> Verdict:
        """Flat: the slope is no more than allowed, and known well enough that a leak of 1 MiB a
        minute would have shown. Grows: more than allowed beyond doubt."""
        if self.slope_mib_per_h - self.half_width_mib_per_h > self.allowed_mib_per_h:
            return Verdict.GROWS
        is_sure = self.half_width_mib_per_h < LEAK_MIB_PER_H
        return (
            Verdict.FLAT
            if is_sure and self.slope_mib_per_h <= self.allowed_mib_per_h
            else Verdict.UNCLEAR
        )


def trend(series: Series, warm_up_s: float) -> Trend | None:
    """The trend after ``warm_up_s``; None where that leaves less than ``FEWEST_BINS``."""
    bins = _bins([(at_s, mib) for at_s, mib in series if at_s >= series[0][0] + warm_up_s])
    if len(bins) < FEWEST_BINS:
        return None
    hours = [at_s / 3_600 for at_s, _ in bins]
    values = [mib for _, mib in bins]
    slope, half_width = _line(hours, values)
    third = len(values) // 3
    return Trend(slope, half_width, median(values[:third]), median(values), median(values[-third:]))


def _bins(series: Series) -> list[tuple[float, float]]:
    """(middle, median) of each ``BIN_S`` that has samples."""
    found: dict[int, list[float]] = {}
    for at_s, mib in series:
        found.setdefault(int(at_s // BIN_S), []).append(mib)
    return [((number + 0.5) * BIN_S, median(values)) for number, values in sorted(found.items())]


def _line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Slope, and the half width of its confidence interval."""
    middle_x, middle_y = fmean(x), fmean(y)
    spread = sum((each - middle_x) ** 2 for each in x)
    slope = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True)) / spread
    left = [b - middle_y - slope * (a - middle_x) for a, b in zip(x, y, strict=True)]
    freedom = len(x) - 2
    variance = sum(each**2 for each in left) / freedom
    return slope, _t(freedom) * math.sqrt(variance / spread * _widened(left))


def _widened(left: Sequence[float]) -> float:
    """How much more the slope varies because neighbouring residuals are alike (AR(1))."""
    total = sum(each**2 for each in left)
    if total == 0:
        return 1.0
    alike = sum(a * b for a, b in pairwise(left)) / total
    alike = min(max(alike, 0.0), _MOST_CORRELATED)
    return (1 + alike) / (1 - alike)


def _t(freedom: int) -> float:
    """Student's t for the confidence: Cornish-Fisher's first term, to 1 % from 10 degrees on."""
    z = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)
    return z + (z**3 + z) / (4 * freedom)
