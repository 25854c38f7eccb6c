"""What ClickHouse says about the run: the numbers that ``sinks.reconcile`` compares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import TYPE_CHECKING, Any

from events.purposes import PURPOSES, Purpose
from sinks.expiry import compared_from, horizons

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: How many places are named of each kind of fault; their number is always exact.
SHOWN = 5


@unique
class Age(StrEnum):
    """Of a batch: whether retention may have reached it (``sinks.expiry``)."""

    YOUNG = "young"
    OLD = "old"
    UNKNOWN = "unknown"  # accounted for by a worker of before accounts had days


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

_ACCOUNTED_SIZES = f"""
SELECT
    passed,
    multiIf(day = 0, '{Age.UNKNOWN}', day < {{compared_from:UInt32}}, '{Age.OLD}', '{Age.YOUNG}'),
    count()
FROM
(
    SELECT batch, max(passed_count) AS passed, argMax(first_day, passed_count) AS day
    FROM governance.accounting FINAL
    WHERE purpose = {{purpose:String}} AND batch != 0
    GROUP BY batch
)
WHERE passed > 0
GROUP BY 1, 2
"""

#: What each purpose's table holds, as views tell it that only count (``sinks.views``).
_SIZES_OF = {
    Purpose.AGENT_TRAINING: "governance.training_sizes",
    Purpose.TEAM_ANALYTICS: "governance.analytics_sizes",
}
_ERASED_OF = {
    Purpose.AGENT_TRAINING: "governance.training_erased",
    Purpose.TEAM_ANALYTICS: "governance.analytics_erased",
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
class Accounted:
    """What of a purpose is compared with its table: batches that retention cannot have reached,
    those that start on the day ``compared_from`` (since 1970) or later. ``expired``: how many were
    accounted for on earlier days. ``undated``: batches without a day; where there are any,
    everything is compared, as if nothing had expired."""

    sizes: Sizes
    compared_from: int = 0
    expired: int = 0
    undated: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """``sizes`` of the batches that are compared; all ``rows`` after repeats collapsed, and how
    many different ``identities`` they have (the same, unless a row is in two places). ``unmerged``:
    repeats that wait for parts to merge. ``erased``: sizes of batches that were there and belong to
    people who were erased; ``sizes`` count them as well."""

    sizes: Sizes
    rows: int
    identities: int
    unmerged: int
    erased: Sizes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    spans: tuple[Span, ...]
    unbalanced: Faults
    disagreeing: Faults
    accounted: Mapping[Purpose, Accounted]
    stored: Mapping[Purpose, Stored]
    broken_partials: Faults


def gather(client: Client, now_ms: int) -> Evidence:
    """All numbers, as of ``now_ms``. The loader should be at rest, or they are of different
    moments."""
    shown = {"shown": SHOWN}
    gone_to = horizons(client, now_ms)
    accounted = {
        purpose: _accounted(client, purpose, compared_from(gone_to.get(TABLE_OF[purpose], -1)))
        for purpose in PURPOSES
    }
    return Evidence(
        spans=tuple(spans_of(client)),
        unbalanced=_offsets(client.query(_UNBALANCED, parameters=shown).result_rows),
        disagreeing=_offsets(client.query(_DISAGREEING, parameters=shown).result_rows),
        accounted=accounted,
        stored={
            purpose: _stored(client, purpose, known.compared_from)
            for purpose, known in accounted.items()
        },
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


def _accounted(client: Client, purpose: Purpose, first_day: int) -> Accounted:
    """``first_day``: the first one whose batches retention cannot have reached."""
    asked = {"purpose": purpose.value, "compared_from": first_day}
    found: dict[Age, dict[int, int]] = {age: {} for age in Age}
    for size, age, batches in client.query(_ACCOUNTED_SIZES, parameters=asked).result_rows:
        found[Age(age)][int(size)] = int(batches)
    undated = sum(found[Age.UNKNOWN].values())
    if undated:
        every: Counter[int] = Counter()
        for sizes in found.values():
            every.update(sizes)
        return Accounted(every, undated=undated)
    return Accounted(found[Age.YOUNG], first_day, sum(found[Age.OLD].values()))


def _stored(client: Client, purpose: Purpose, first_day: int) -> Stored:
    found = client.query(
        "SELECT events, sumIf(batches, toUInt32(day) >= {first_day:UInt32}), sum(rows), "
        f"sum(identities) FROM {_SIZES_OF[purpose]} GROUP BY events",
        parameters={"first_day": first_day},
    ).result_rows
    rows = sum(int(row[2]) for row in found)
    plain = int(client.query(f"SELECT sum(rows) FROM {_ROWS_OF[purpose]}").result_rows[0][0])
    sizes = Counter({int(row[0]): int(row[1]) for row in found if row[1]})
    erased = _erased(client, purpose, first_day)
    return Stored(sizes + erased, rows, sum(int(row[3]) for row in found), plain - rows, erased)


def _erased(client: Client, purpose: Purpose, first_day: int) -> Counter[int]:
    found = client.query(
        f"SELECT events, sum(batches) FROM {_ERASED_OF[purpose]} "
        "WHERE toUInt32(day) >= {first_day:UInt32} GROUP BY events",
        parameters={"first_day": first_day},
    ).result_rows
    return Counter({int(events): int(batches) for events, batches in found})


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
