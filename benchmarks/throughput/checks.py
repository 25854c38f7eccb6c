"""Is everything in the tables, once, and nothing else? Asked before any time is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks.throughput.expected import Expected
from benchmarks.throughput.prepared import Prepared
from events.settings import Settings
from sinks.prove import prove
from sinks.reconcile import Check
from sinks.tables import accounting, interactions, window_partials

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: Rows may be there twice until parts merge. FINAL over all of them would take more memory than the
#: rest of the run; that each is there once is among the checks of `reconcile`.
_TRAINING = """
SELECT count(), sum(x_px), sum(y_px), sum(detail),
    sum(toUnixTimestamp64Milli(time) - {first_ms}), uniqExact(pseudonym)
FROM training.interactions
"""
_ANALYTICS = "SELECT count(), sum(event_count), uniqExact(pseudonym) FROM analytics.window_partials"


def wanted_rows(expected: Expected) -> dict[str, int]:
    """How many rows each table has in the end."""
    return {
        interactions.TABLE: expected.rows,
        window_partials.TABLE: expected.partials,
        accounting.TABLE: 2 * expected.messages,  # one a purpose
    }


def checks(client: Client, prepared: Prepared, settings: Settings) -> list[Check]:
    """Counts and sums against what the recordings say, and all of `reconcile`."""
    proved, _ = prove(client, settings)
    return [*_sums(client, prepared), *proved]


def refuse(found: list[Check]) -> int:
    """How many checks there are. ``RuntimeError`` where one failed: then no time is told."""
    bad = [f"{each.name}: {each.expected:,} expected, {each.found:,} found" for each in found]
    bad = [text for text, each in zip(bad, found, strict=True) if not each.ok]
    if bad:
        raise RuntimeError(f"the result is wrong, so no time is told: {'; '.join(bad)}")
    return len(found)


def _sums(client: Client, prepared: Prepared) -> Iterator[Check]:
    expected = prepared.expected
    (training,) = client.query(_TRAINING.format(first_ms=prepared.first_ms)).result_rows
    (analytics,) = client.query(_ANALYTICS).result_rows
    names = ("rows", "x_px", "y_px", "detail", "time_ms", "people")
    for name, found in zip(names, training, strict=True):
        yield Check(f"{name} of {interactions.TABLE}", getattr(expected, name), int(found))
    for name, found in zip(("partials", "counted", "people"), analytics, strict=True):
        yield Check(f"{name} of {window_partials.TABLE}", getattr(expected, name), int(found))
