"""What is done to one event: gate, inspect, minimise, pseudonymise. The same for every peer.

Runs in the peer's own environment: nothing but Python's library. In the peers' favour, consent is a
set in memory, an identity is worked out once and remembered, and there is one purpose's row.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from benchmarks.peers.job import Job

Event = Mapping[str, Any]
Row = tuple[Any, ...]

PASSED = "passed"
NO_CONSENT = "no_consent"
NOT_TAKEN = "action_not_taken"
OFF_SCREEN = "coordinate_out_of_range"

_REMEMBERED = 100_000


class Work:
    """``judge`` says what becomes of an event, ``row`` what is kept of one that passes."""

    def __init__(self, job: Job) -> None:
        self._granted = frozenset(job.granted)
        self._actions = frozenset(job.actions)
        self._placed = frozenset(job.pointer_actions)
        self._applications = frozenset(job.applications)
        self._grid_px, self._tick_ms = job.grid_px, job.tick_ms
        key = bytes.fromhex(job.key)

        @lru_cache(_REMEMBERED)
        def keyed(kind: str, value: str) -> int:
            digest = hmac.digest(key, f"{kind}/{value}".encode(), "sha256")
            return int.from_bytes(digest[:8], "little")

        self._keyed = keyed

    def judge(self, event: Event) -> str:
        """``PASSED``, or the reason why not."""
        if event["subject"] not in self._granted:
            return NO_CONSENT
        action = event["action"]
        if action not in self._actions:
            return NOT_TAKEN
        if action in self._placed and (
            event["x_px"] >= event["screen_width_px"] or event["y_px"] >= event["screen_height_px"]
        ):
            return OFF_SCREEN
        return PASSED

    def row(self, event: Event) -> Row:
        """The columns ``COLUMNS`` of `training.interactions`."""
        x_px, y_px, time_ms = event["x_px"], event["y_px"], event["time_ms"]
        application = event["application"]
        return (
            self._keyed("subject", event["subject"]),
            self._keyed("session", event["session"]),
            event["sequence"],
            event["index"],
            self._keyed("batch", event["batch"]),
            0,
            time_ms - time_ms % self._tick_ms,
            event["action"],
            x_px - x_px % self._grid_px,
            y_px - y_px % self._grid_px,
            event["detail"],
            event["role"],
            application if application in self._applications else "other",
            event["surface"],
            event["origin"],
            event["screen_width_px"],
            event["screen_height_px"],
        )
