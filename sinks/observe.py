"""The loader's counters, shown from the start: the first of a kind is then seen as an increase."""

from __future__ import annotations

from events.metrics import (
    DEAD_LETTERS,
    INSERT_RETRIES,
    INSERT_SECONDS,
    INSERTED_ROWS,
    LOAD_SECONDS,
)
from events.outcomes import Rejected
from sinks.decode import LOADED_TOPICS, TABLES


def count_from_zero() -> None:
    """Show every counter of a loader before anything is counted."""
    for reason in Rejected:
        DEAD_LETTERS.labels(reason.value)
    for table in TABLES:
        INSERT_RETRIES.labels(table)
        INSERT_SECONDS.labels(table)
        INSERTED_ROWS.labels(table)
    for topic in LOADED_TOPICS:
        LOAD_SECONDS.labels(topic.value)
