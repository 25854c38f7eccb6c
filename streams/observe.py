"""Counts an outcome in the metrics. Labels are purposes and reasons, never anything of a person."""

from __future__ import annotations

from events.metrics import (
    BATCH_EVENTS,
    DEAD_LETTERS,
    EVENTS_IN,
    EVENTS_PASSED,
    EVENTS_REJECTED,
    EVENTS_WITHHELD,
    READABLE_SUBJECTS,
)
from events.outcomes import WHOLE_MESSAGE, Rejected, Withheld
from events.purposes import PURPOSES
from streams.pipeline import Outcome


def count_from_zero() -> None:
    """Show every counter before anything is counted: a first event is then seen as an increase,
    and what a rule compares is there."""
    for purpose in PURPOSES:
        EVENTS_IN.labels(purpose.value)
        EVENTS_PASSED.labels(purpose.value)
        for withheld in Withheld:
            EVENTS_WITHHELD.labels(purpose.value, withheld.value)
        for rejected in Rejected:
            EVENTS_REJECTED.labels(purpose.value, rejected.value)
    for reason in WHOLE_MESSAGE:
        DEAD_LETTERS.labels(reason.value)


def observe(outcome: Outcome) -> None:
    """Add ``outcome`` to the worker's counters."""
    for books in outcome.accounts:
        purpose = books.purpose.value
        EVENTS_IN.labels(purpose).inc(int(books.event_count.sum()))
        EVENTS_PASSED.labels(purpose).inc(int(books.passed_count.sum()))
        for withheld, counts in books.withheld().items():
            EVENTS_WITHHELD.labels(purpose, withheld.value).inc(int(counts.sum()))
        for rejected, counts in books.rejected().items():
            EVENTS_REJECTED.labels(purpose, rejected.value).inc(int(counts.sum()))
    READABLE_SUBJECTS.inc(outcome.readable)
    for entry in outcome.broken:
        DEAD_LETTERS.labels(entry.reason.value).inc()
    sizes = outcome.accounts[0].event_count
    if len(sizes):
        BATCH_EVENTS.observe(float(sizes.mean()))
