"""Makes reports: writes what analysts may see, once, when its time is over.

    1  ask     which units (an hour or a day of one report) are due
    2  draft   a unit's rows, from the view that gives none of fewer than k people
    3  insert  all rows of the unit as one block, with a row that says that it was made

A stop before 3 leaves nothing. Whoever makes the same unit again, or at the same time, changes
nothing: the first block with a unit's name is the one that stands, and ClickHouse drops the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from events.clock import Clock, SystemClock
from events.log import kind_and_place, log
from sinks.insert import INSERT_SETTINGS

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

TABLE = "analytics.reports"

#: How often a loader asks what is due.
ASK_EVERY_S = 60.0
#: A unit is made so long after it was first seen to be complete: for what is later than the policy
#: says, and for old recordings, all of which are complete before half of them is loaded.
HOLD_S = 600.0

_ONCE: dict[str, Any] = {
    **INSERT_SETTINGS,
    "insert_deduplicate": 1,
    "min_insert_block_size_rows": 10_000_000,  # one block is one part: all of a unit, or nothing
    "max_insert_block_size": 10_000_000,
}


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """``start_s`` is the start of the hour or day, in s since 1970."""

    start_s: int
    report: str


def due(client: Client, even_incomplete: bool = False) -> list[Unit]:
    """Units to be made now, the oldest first."""
    found = client.query("SELECT report, unit, complete FROM analytics.due_reports").result_rows
    return sorted(
        Unit(int(start), str(report))
        for report, start, complete in found
        if complete or even_incomplete
    )


def make(client: Client, unit: Unit) -> int:
    """Make the reports of ``unit``; how many rows they have. Does nothing if it was made."""
    drafted = f"SELECT * FROM analytics.draft_{unit.report}(unit = {unit.start_s})"
    rows = client.query_arrow(drafted, use_strings=True)
    name = {"insert_deduplication_token": f"{unit.report}/{unit.start_s}"}
    client.insert_arrow(TABLE, rows, settings={**_ONCE, **name})
    return int(rows.num_rows) - 1


def make_all(client: Client) -> int:
    """Make all reports of what is loaded, as if nothing more would come; how many units."""
    return _make_until_none_is_new(client, lambda: due(client, even_incomplete=True))


def _make_until_none_is_new(client: Client, ask: Callable[[], list[Unit]]) -> int:
    """Again and again, since what is made of others becomes due by them."""
    made: set[Unit] = set()
    while units := [unit for unit in ask() if unit not in made]:
        for unit in units:
            make(client, unit)
        made |= set(units)
    return len(made)


@dataclass(slots=True)
class Reporter:
    """Makes each unit once it was complete for ``hold_s``. ``look`` is called now and then."""

    client: Client
    clock: Clock = field(default_factory=SystemClock)
    hold_s: float = HOLD_S
    _seen_s: dict[tuple[int, bool], float] = field(default_factory=dict)

    def look(self) -> int:
        """Make what is due; how many units."""
        return _make_until_none_is_new(self.client, self._settled)

    def _settled(self) -> list[Unit]:
        return [unit for unit in due(self.client) if self._is_settled(unit)]

    def _is_settled(self, unit: Unit) -> bool:
        now_s = self.clock.monotonic_s()
        time = unit.start_s, unit.report.endswith("_days")
        return now_s - self._seen_s.setdefault(time, now_s) >= self.hold_s


@contextmanager
def reporting(client: Client, every_s: float = ASK_EVERY_S) -> Iterator[None]:
    """Make reports in a thread of their own meanwhile. While ClickHouse is away, or says that this
    user has no right to, it is tried again."""
    stop = threading.Event()
    reporter = Reporter(client)
    thread = threading.Thread(target=_report, args=(reporter, stop, every_s), name="reports")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _report(reporter: Reporter, stop: threading.Event, every_s: float) -> None:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    while not stop.wait(every_s):
        try:
            made = reporter.look()
        except (ClickHouseError, OSError) as error:
            log.warning("reports were not made; tried again", error=kind_and_place(error))
        else:
            if made:
                log.info("reports made", units=made)
