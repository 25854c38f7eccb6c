"""What must be in the tables at the end: counted with NumPy from whole columns, not by the code
that the peers run on single events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.peers.apart import COLUMNS, Apart, team_name
from benchmarks.peers.job import WINDOW_MS
from benchmarks.peers.tables import Tables
from benchmarks.peers.work import NOT_TAKEN, OFF_SCREEN, PASSED
from events.columns import Column
from events.policy import PurposePolicy
from events.vocabulary import POINTER_ACTIONS


def expected_of(parts: Sequence[Apart], limits: PurposePolicy, until_ms: int) -> Tables:
    """Of events of people who have all agreed; windows that begin before ``until_ms``."""
    columns = {name: np.concatenate([part.column(name) for part in parts]) for name in COLUMNS}
    times_ms = np.concatenate([part.times_ms for part in parts])
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    headers = [part.batch.header for part in parts]
    width = np.array([header.screen_width_px for header in headers])[owner]
    height = np.array([header.screen_height_px for header in headers])[owner]
    placed = np.isin(columns["action"], POINTER_ACTIONS)
    taken = np.isin(columns["action"], list(limits.action_codes))
    outside = taken & placed & ((columns["x_px"] >= width) | (columns["y_px"] >= height))
    passed = taken & ~outside
    kept = [headers[place] for place in np.unique(owner[passed])]
    team = np.array([part.team for part in parts])[owner]
    fates = {PASSED: passed, NOT_TAKEN: ~taken, OFF_SCREEN: outside}
    return Tables(
        rows=int(passed.sum()),
        people=len({header.subject for header in kept}),
        sessions=len({header.session for header in kept}),
        x_px=_sum_cut(columns["x_px"][passed], limits.grid_px),
        y_px=_sum_cut(columns["y_px"][passed], limits.grid_px),
        detail=int(columns["detail"][passed].sum()),
        time_ms=_sum_cut(times_ms[passed], limits.tick_ms),
        windows=_windows(team[passed], times_ms[passed], until_ms),
        fates={fate: int(which.sum()) for fate, which in fates.items() if which.any()},
    )


def _sum_cut(values: Column, step: int) -> int:
    return int((values // step * step).sum())


def _windows(team: Column, times_ms: Column, until_ms: int) -> dict[tuple[str, int], int]:
    before = times_ms < until_ms
    starts_ms = times_ms[before] // WINDOW_MS * WINDOW_MS
    pairs, counts = np.unique(np.stack([team[before], starts_ms]), axis=1, return_counts=True)
    return {
        (team_name(number), start_ms): count
        for number, start_ms, count in zip(*pairs.tolist(), counts.tolist(), strict=True)
    }
