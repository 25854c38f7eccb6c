"""What a fuzzing run found: by target, how many inputs met which end, how slow, how much memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from events.options import out, show_json, show_table
from tests.fuzz.fuzzing import Found, Report

_MILLION = 1_000_000


def together(parts: Sequence[Mapping[str, Report]]) -> dict[str, Report]:
    """The reports of several processes as one."""
    whole: dict[str, Report] = {}
    for reports in parts:
        for name, report in reports.items():
            into = whole.setdefault(name, Report())
            into.outcomes += report.outcomes
            into.seconds += report.seconds
            into.slowest_s = max(into.slowest_s, report.slowest_s)
            into.slopes += [slope(report.held)]
            into.found += report.found
    return whole


def slope(held: Sequence[tuple[int, int]]) -> float:
    """MiB of memory more for each million inputs of the process, over the second half of its run:
    the first fills caches. 0 where there is too little to tell."""
    later = held[len(held) // 2 :]
    if len(later) < 4:
        return 0.0
    counts, sizes = np.array(later, dtype=np.float64).T
    return float(np.polyfit(counts, sizes, 1)[0]) * _MILLION / 2**20


def show(
    reports: Mapping[str, Report], found: Sequence[Found], took_s: float, as_json: bool
) -> None:
    """A table for a person, or one JSON object."""
    inputs = sum(report.outcomes.total() for report in reports.values())
    if as_json:
        show_json(
            {
                "inputs": inputs,
                "seconds": round(took_s, 1),
                "faults": [{"target": each.target, "fault": each.fault} for each in found],
                "targets": {
                    name: {
                        "inputs": report.outcomes.total(),
                        "outcomes": dict(report.outcomes),
                        "mean_us": round(_mean_us(report), 1),
                        "slowest_ms": round(1_000 * report.slowest_s, 1),
                        "mib_per_million_inputs": round(max(report.slopes, default=0.0), 1),
                    }
                    for name, report in reports.items()
                },
            }
        )
        return
    rows = [
        (
            name,
            f"{report.outcomes.total():,}",
            f"{report.outcomes['sound']:,}",
            f"{_mean_us(report):,.0f}",
            f"{1_000 * report.slowest_s:,.0f}",
            f"{max(report.slopes, default=0.0):+,.1f}",
            len(report.found),
        )
        for name, report in reports.items()
    ]
    names = ("target", "inputs", "sound", "mean us", "slowest ms", "MiB/M inputs", "faults")
    show_table("", names, rows)
    for each in found:
        out.print(f"{each.target}: {each.fault}", highlight=False)
    out.print(f"{inputs:,} inputs in {took_s:,.0f} s, {len(found)} faults", highlight=False)


def _mean_us(report: Report) -> float:
    return report.seconds / max(1, report.outcomes.total()) * _MILLION
