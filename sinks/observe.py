"""The loader's counters, shown from the start: the first fault of a kind is then an increase."""

from __future__ import annotations

from events.metrics import DEAD_LETTERS, INSERT_RETRIES, INSERTED_ROWS
from events.outcomes import Rejected
from sinks.decode import TABLES


def count_from_zero() -> None:
    """Show every counter of a loader before anything is counted."""
    for reason in Rejected:
        DEAD_LETTERS.labels(reason.value)
    for table in TABLES:
        INSERT_RETRIES.labels(table)
        INSERTED_ROWS.labels(table)
