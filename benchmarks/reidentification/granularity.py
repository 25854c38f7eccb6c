"""The grids and ticks that are compared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Granularity:
    """Coordinates are cut down to multiples of ``grid_px``, times to multiples of ``tick_ms``,
    which divides one minute."""

    grid_px: int
    tick_ms: int

    @property
    def name(self) -> str:
        """As the tables show it. 1 px and 1 ms is what the producers send."""
        return "raw" if self == RAW else f"{self.grid_px} px, {self.tick_ms} ms"


RAW = Granularity(1, 1)

#: From raw to so coarse that a button is smaller than a cell. Each step is about four times as
#: coarse in the plane as the one before.
GRANULARITIES = (
    RAW,
    Granularity(4, 10),
    Granularity(16, 50),
    Granularity(32, 100),
    Granularity(64, 250),
    Granularity(128, 1_000),
)
