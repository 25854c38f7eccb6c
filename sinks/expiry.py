"""Which days retention may have reached, so that what expired is told from what is missing.

A table's rows expire by day: a part holds one day, and goes once its last row is older than the
retention. What was in force when stands in ``governance.retention``: rows that a shorter retention
has dropped do not come back when it is made longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from events.clock import MS_PER_DAY

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: A batch has 4,096 events, none more than 65,535 ms after the one before it (``events.batch``), so
#: it ends on the fourth day after its first, at the latest.
_BATCH_DAYS = 4

_IN_FORCE = """
SELECT table_name, days, toUnixTimestamp64Milli(set_at)
FROM governance.retention FINAL
ORDER BY table_name, set_at
"""

#: (days of retention, since when in ms UTC)
Period = tuple[int, int]


def horizons(client: Client, now_ms: int) -> Mapping[str, int]:
    """For each table with a retention ``horizon`` of it."""
    periods: dict[str, list[Period]] = {}
    for table, days, set_at_ms in client.query(_IN_FORCE).result_rows:
        periods.setdefault(table, []).append((days, set_at_ms))
    return {table: horizon(found, now_ms) for table, found in periods.items()}


def horizon(periods: Iterable[Period], now_ms: int) -> int:
    """The last day (since 1970) of which rows may have expired by ``now_ms``; -1 if there is none.
    ``periods`` are in the order of time."""
    known = list(periods)
    ends_ms = [since_ms for _, since_ms in known[1:]] + [now_ms]
    reached = [
        end_ms // MS_PER_DAY - days for (days, _), end_ms in zip(known, ends_ms, strict=True)
    ]
    return max([-1, *reached])


def compared_from(last_expired: int) -> int:
    """The first day on which no batch has a row whose other rows may have expired, up to the day
    ``last_expired``. From it on accounts and rows are the same batches; between the two days a
    table may hold the rest of a batch, which cannot be told from a whole one."""
    return last_expired + 1 + _BATCH_DAYS if last_expired >= 0 else 0
