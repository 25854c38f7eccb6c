"""What a run has measured, and whether it is within what is promised."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from events.options import show_table


@dataclass(frozen=True, slots=True)
class Result:
    """``late_s``: for each withdrawal, how long after its acknowledgement the last rows of its
    person came, of either purpose; 0 where none came after it."""

    late_s: Sequence[float] = field(repr=False)
    bound_s: float
    bound: str
    seconds: float
    events: int
    replayed_events: int
    batches_seen: int  # and partials: what came of the events
    workers: int
    workers_restarted: int
    workers_frozen: int

    @property
    def within(self) -> bool:
        """Whether the promise was kept."""
        return max(self.late_s) <= self.bound_s

    def percentile_s(self, share: float) -> float:
        """The lateness that this share of the withdrawals did not exceed."""
        ordered = sorted(self.late_s)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    def to_json(self) -> dict[str, Any]:
        rest = {name: value for name, value in asdict(self).items() if name != "late_s"}
        return {
            "withdrawals": len(self.late_s),
            "late": sum(late_s > 0 for late_s in self.late_s),
            "p50_s": round(self.percentile_s(0.5), 3),
            "p99_s": round(self.percentile_s(0.99), 3),
            "max_s": round(max(self.late_s), 3),
            **rest,
            "within": self.within,
        }

    def show(self) -> None:
        """A table on standard output."""
        rows = [(name, str(value)) for name, value in self.to_json().items()]
        show_table("withdrawals", ("what", "measured"), rows)
