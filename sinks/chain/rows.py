"""Compare every row of the accounting with the links that tell of it, a range at a time.

A message may have been accounted for more than once: each attempt is in a link, and the table keeps
one of those that passed most. So a row is sound if it is what some link says, and no link tells of
an attempt that passed more. Batch ids are compared elsewhere (``sinks.chain.walk``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sinks.chain.finding import SHOWN, Fault, Findings, row_place

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: A range ends after about this many rows, or at the end of so many links: some 100 MB of memory in
#: ClickHouse.
ROWS_AT_ONCE = 100_000
LINKS_AT_ONCE = 512
_LAST_OFFSET = 2**63 - 1  # Kafka's offsets are signed
_NEVER = 2**64 - 1

_SOURCES = """
SELECT topic_id, partition, purpose, sum(rows), min(first)
FROM
(
    SELECT topic_id, partition, purpose, count() AS rows, {never:UInt64} AS first
    FROM governance.accounting FINAL
    GROUP BY topic_id, partition, purpose
    UNION ALL
    SELECT source_topic_id, source_partition, purpose, 0, min(arrayMin(source_offset))
    FROM governance.accounting_chain
    WHERE notEmpty(source_offset)
    GROUP BY source_topic_id, source_partition, purpose
)
GROUP BY topic_id, partition, purpose
ORDER BY topic_id, partition, purpose
"""

_END = """
SELECT least(
    (
        SELECT if(count() < {rows:UInt32}, {last:UInt64}, max(`offset`))
        FROM
        (
            SELECT `offset` FROM governance.accounting
            WHERE topic_id = {topic_id:String} AND partition = {partition:UInt32}
                AND `offset` >= {first:UInt64}
            ORDER BY `offset` LIMIT {rows:UInt32}
        )
    ),
    (
        SELECT if(count() < {links:UInt32}, {last:UInt64}, max(end))
        FROM
        (
            SELECT arrayMax(source_offset) AS end FROM governance.accounting_chain
            WHERE source_topic_id = {topic_id:String} AND source_partition = {partition:UInt32}
                AND arrayMax(source_offset) >= {first:UInt64}
            ORDER BY end LIMIT {links:UInt32}
        )
    )
)
"""

#: A reason that did not occur is in no row's map, and may be in a link's.
_ALL = """
(
    SELECT
        purpose,
        `offset`,
        countIf(is_row) AS rows,
        countIf(NOT is_row) AS links,
        anyIf(said, is_row) AS row,
        groupUniqArrayIf(said, NOT is_row) AS attempts,
        maxIf(passed, NOT is_row) AS most
    FROM
    (
        SELECT 1 AS is_row, purpose, `offset`, passed_count AS passed,
            (topic, policy_hash, batch = 0, event_count, passed_count, redriven_from, first_day,
                toString(mapSort(withheld::Map(String, UInt32))),
                toString(mapSort(rejected::Map(String, UInt32)))) AS said
        FROM governance.accounting FINAL
        WHERE topic_id = {topic_id:String} AND partition = {partition:UInt32}
            AND `offset` BETWEEN {first:UInt64} AND {end:UInt64}
        UNION ALL
        SELECT 0, purpose, source_offset[i], passed_count[i],
            (source_topic, policy_hash, refused_whole[i]::UInt8, event_count[i], passed_count[i],
                redriven_from[i], first_day[i],
                toString(mapSort(mapFilter((r, n) -> n > 0, mapApply((r, n) -> (r, n[i]),
                    withheld::Map(String, Array(UInt32)))))),
                toString(mapSort(mapFilter((r, n) -> n > 0, mapApply((r, n) -> (r, n[i]),
                    rejected::Map(String, Array(UInt32)))))))
        FROM governance.accounting_chain
        ARRAY JOIN arrayEnumerate(source_offset) AS i
        WHERE source_topic_id = {topic_id:String} AND source_partition = {partition:UInt32}
            AND arrayMin(source_offset) <= {end:UInt64}
            AND arrayMax(source_offset) >= {first:UInt64}
            AND source_offset[i] BETWEEN {first:UInt64} AND {end:UInt64}
    )
    GROUP BY purpose, `offset`
)
"""

_COMPARE = f"""
SELECT
    multiIf(
        rows = 0, '{Fault.ROW_REMOVED.value}',
        links = 0 AND `offset` < transform(toString(purpose), {{purposes:Array(String)}},
            {{begins:Array(UInt64)}}, toUInt64(0)), 'before',
        links = 0, '{Fault.ROW_ADDED.value}',
        NOT has(attempts, row) OR row.5 < most, '{Fault.ROW_CHANGED.value}',
        'sound'
    ) AS verdict,
    count(),
    groupArraySorted({{shown:UInt8}})((`offset`, purpose))
FROM {_ALL}
GROUP BY verdict
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """``before``: rows of messages from before the first one that a link tells of; nothing vouches
    for them."""

    topic_id: str
    partition: int
    rows: int
    before: int


@dataclass(slots=True)
class _Source:
    """A source partition; ``begins`` has by purpose the first offset that a link tells of. One that
    no link tells of has no beginning: all its rows were added."""

    topic_id: str
    partition: int
    rows: int = 0
    begins: dict[str, int] = field(default_factory=dict)

    @property
    def where(self) -> dict[str, Any]:
        return {"topic_id": self.topic_id, "partition": self.partition}


def compare_rows(
    client: Client, findings: Findings, rows_done: Callable[[int], None]
) -> list[Compared]:
    """Compare all rows of the accounting; what is wrong goes into ``findings``. Detects every row
    that was removed, added or changed, but for its batch id."""
    return [_compare(client, findings, rows_done, each) for each in _sources(client)]


def _sources(client: Client) -> list[_Source]:
    found: dict[tuple[str, int], _Source] = {}
    asked = client.query(_SOURCES, {"never": _NEVER})
    for topic_id, partition, purpose, rows, first in asked.result_rows:
        source = found.setdefault((topic_id, partition), _Source(topic_id, partition))
        source.rows += rows
        if first != _NEVER:
            source.begins[purpose] = first
    return list(found.values())


def _compare(
    client: Client, findings: Findings, rows_done: Callable[[int], None], source: _Source
) -> Compared:
    begins = {"purposes": list(source.begins), "begins": list(source.begins.values())}
    before = 0
    for where in _ranges(client, source.where):
        seen = 0
        asked = {**where, **begins, "shown": SHOWN}
        for verdict, count, places in client.query(_COMPARE, asked).result_rows:
            seen += count
            if verdict == "before":
                before += count
            elif verdict != "sound":
                named = [row_place(source.topic_id, source.partition, *each) for each in places]
                findings.add(Fault(verdict), named, count)
        rows_done(seen)
    return Compared(source.topic_id, source.partition, source.rows, before)


def _ranges(client: Client, source: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Ranges of offsets, both ends included, that hold all there is of a source partition."""
    first = 0
    limits = {"rows": ROWS_AT_ONCE, "links": LINKS_AT_ONCE, "last": _LAST_OFFSET}
    while first <= _LAST_OFFSET:
        ((end,),) = client.query(_END, {**source, **limits, "first": first}).result_rows
        yield {**source, "first": first, "end": end}
        first = end + 1
