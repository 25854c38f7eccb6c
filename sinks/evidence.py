"""What ClickHouse says about the run: the numbers that ``sinks.reconcile`` compares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from events.purposes import PURPOSES, Purpose

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: How many places are named of each kind of fault; their number is always exact.
SHOWN = 5

#: (topic id, partition)
Source = tuple[str, int]

#: How many batches have how many events.
Sizes = Mapping[int, int]

_SPANS = """
SELECT topic_id, partition, purpose, count(), max(`offset`)
FROM governance.accounting FINAL
GROUP BY topic_id, partition, purpose
"""

_GAPS = """
SELECT before + 1, toInt64(`offset`) - 1
FROM
(
    SELECT `offset`, lagInFrame(toInt64(`offset`), 1, -1) OVER (
        ORDER BY `offset` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
    FROM governance.accounting FINAL
    WHERE topic_id = {topic_id:String} AND partition = {partition:UInt32}
        AND purpose = {purpose:String}
)
WHERE `offset` != before + 1
ORDER BY 1
LIMIT 1000
"""

_UNBALANCED = """
SELECT topic_id, partition, `offset`, purpose, count() OVER ()
FROM governance.accounting FINAL
WHERE event_count != passed_count + arraySum(mapValues(withheld)) + arraySum(mapValues(rejected))
ORDER BY topic_id, partition, `offset`, purpose
LIMIT {shown:UInt32}
"""

_DISAGREEING = """
SELECT topic_id, partition, `offset`, '', count() OVER ()
FROM governance.accounting FINAL
GROUP BY topic_id, partition, `offset`
HAVING min(event_count) != max(event_count)
ORDER BY topic_id, partition, `offset`
LIMIT {shown:UInt32}
"""

_ACCOUNTED_SIZES = """
SELECT passed, count()
FROM
(
    SELECT batch, max(passed_count) AS passed
    FROM governance.accounting FINAL
    WHERE purpose = {purpose:String} AND batch != 0
    GROUP BY batch
)
WHERE passed > 0
GROUP BY passed
"""

#: What each purpose's table holds, as views tell it that only count (``sinks.views``).
_SIZES_OF = {
    Purpose.AGENT_TRAINING: "governance.training_sizes",
    Purpose.TEAM_ANALYTICS: "governance.analytics_sizes",
}
_ROWS_OF = {
    Purpose.AGENT_TRAINING: "governance.training_rows",
    Purpose.TEAM_ANALYTICS: "governance.analytics_rows",
}

TABLE_OF = {
    Purpose.AGENT_TRAINING: "training.interactions",
    Purpose.TEAM_ANALYTICS: "analytics.window_partials",
}

_BROKEN_PARTIALS = """
SELECT toString(window_start), partials, sum(partials) OVER ()
FROM governance.analytics_broken
ORDER BY window_start
LIMIT {shown:UInt32}
"""


@dataclass(frozen=True, slots=True)
class Span:
    """Accounting rows of one partition for one purpose: how many, and the offset after the last;
    ``gaps`` are the (first, last) offsets before it that have none."""

    source: Source
    purpose: str
    messages: int
    end: int
    gaps: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Faults:
    """``count`` faults, and where the first few are."""

    count: int = 0
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """``rows`` after repeats collapsed, and how many different ``identities`` they have (the same,
    unless a row is in two places). ``unmerged``: repeats that wait for parts to merge."""

    sizes: Sizes
    rows: int
    identities: int
    unmerged: int


@dataclass(frozen=True, slots=True)
class Evidence:
    spans: tuple[Span, ...]
    unbalanced: Faults
    disagreeing: Faults
    accounted: Mapping[Purpose, Sizes]
    stored: Mapping[Purpose, Stored]
    broken_partials: Faults


def gather(client: Client) -> Evidence:
    """All numbers. The loader should be at rest, or they are of different moments."""
    shown = {"shown": SHOWN}
    return Evidence(
        spans=tuple(spans_of(client)),
        unbalanced=_offsets(client.query(_UNBALANCED, parameters=shown).result_rows),
        disagreeing=_offsets(client.query(_DISAGREEING, parameters=shown).result_rows),
        accounted={
            purpose: _pairs(
                client.query(_ACCOUNTED_SIZES, parameters={"purpose": purpose.value}).result_rows
            )
            for purpose in PURPOSES
        },
        stored={purpose: _stored(client, purpose) for purpose in PURPOSES},
        broken_partials=_windows(client.query(_BROKEN_PARTIALS, parameters=shown).result_rows),
    )


def spans_of(client: Client) -> Iterable[Span]:
    """What the books hold of each partition, by purpose."""
    for topic_id, partition, purpose, messages, last in client.query(_SPANS).result_rows:
        gaps: tuple[tuple[int, int], ...] = ()
        if messages != last + 1:
            where = {"topic_id": topic_id, "partition": partition, "purpose": purpose}
            found = client.query(_GAPS, parameters=where).result_rows
            gaps = tuple((int(first), int(end)) for first, end in found)
        yield Span((topic_id, partition), purpose, messages, last + 1, gaps)


def _stored(client: Client, purpose: Purpose) -> Stored:
    found = client.query(
        f"SELECT events, sum(batches), sum(rows), sum(identities) FROM {_SIZES_OF[purpose]} "
        "GROUP BY events"
    ).result_rows
    rows = sum(int(row[2]) for row in found)
    plain = int(client.query(f"SELECT sum(rows) FROM {_ROWS_OF[purpose]}").result_rows[0][0])
    return Stored(_pairs(found), rows, sum(int(row[3]) for row in found), plain - rows)


def _pairs(rows: Iterable[Any]) -> Sizes:
    return {int(row[0]): int(row[1]) for row in rows}


def _offsets(rows: Any) -> Faults:
    places = tuple(
        f"topic id {topic_id}, partition {partition}, offset {offset}"
        + (f", {purpose}" if purpose else "")
        for topic_id, partition, offset, purpose, _ in rows
    )
    return Faults(int(rows[0][4]) if rows else 0, places)


def _windows(rows: Any) -> Faults:
    places = tuple(f"window {start} UTC, {partials} partials" for start, partials, _ in rows)
    return Faults(int(rows[0][2]) if rows else 0, places)


def days_of_batches(client: Client, purpose: Purpose, sizes: Iterable[int]) -> list[str]:
    """The days on which a table has batches with these numbers of events, most of them first."""
    found = client.query(
        f"SELECT toString(day), sum(batches) FROM {_SIZES_OF[purpose]} "
        "WHERE events IN {sizes:Array(UInt64)} GROUP BY day ORDER BY sum(batches) DESC, day "
        "LIMIT {shown:UInt32}",
        parameters={"sizes": list(sizes), "shown": SHOWN},
    )
    return [f"{day} ({count} batches)" for day, count in found.result_rows]


def days_with_missing_batches(client: Client) -> list[str]:
    """Days after which sessions go on with a later batch than the next: where batches are missing,
    unless they were withheld or rejected."""
    found = client.query(
        "SELECT toString(day), sum(batches) FROM governance.training_skips GROUP BY day "
        "ORDER BY sum(batches) DESC, day LIMIT {shown:UInt32}",
        parameters={"shown": SHOWN},
    )
    return [f"{day} ({count} batches)" for day, count in found.result_rows]
