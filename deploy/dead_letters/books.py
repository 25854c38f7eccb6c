"""What ClickHouse knows of dead letters, and of those that were published again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.dead_letters.letter import Letter, Place
from events.outcomes import Rejected
from events.topics import Topic
from sinks.evidence import spans_of

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client
    from numpy.typing import NDArray

_LETTERS = """
(
    SELECT *
    FROM governance.dead_letters FINAL
    LEFT JOIN
    (
        SELECT
            topic_id,
            partition,
            toUInt64(redriven_from) AS `offset`,
            arraySort(groupUniqArray(accounting.`offset`)) AS copies
        FROM governance.accounting
        WHERE redriven_from >= 0
        GROUP BY topic_id, partition, redriven_from
    ) AS copied USING (topic_id, partition, `offset`)
    WHERE (empty({reasons:Array(String)}) OR has({reasons:Array(String)}, reason))
        AND message_time >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
        AND {partition:Int64} IN (-1, partition)
)
"""

_NEWEST = f"""
SELECT topic, topic_id, partition, `offset`, reason, toUnixTimestamp64Milli(message_time), copies
FROM {_LETTERS}
ORDER BY message_time DESC, topic, topic_id, partition, `offset` DESC
LIMIT {{limit:UInt64}}
"""

_SUMMARY = f"""
SELECT toString(toDate(message_time)) AS day, topic, reason, count(), countIf(notEmpty(copies))
FROM {_LETTERS}
GROUP BY day, topic, reason
ORDER BY day DESC, count() DESC, topic, reason
"""

_AT = f"""
SELECT topic, topic_id, partition, `offset`, reason, toUnixTimestamp64Milli(message_time), copies
FROM {_LETTERS}
WHERE topic = {{topic:String}} AND `offset` = {{offset:UInt64}}
ORDER BY message_time DESC
"""

_PLACES = f"""
SELECT partition, `offset`, copies
FROM {_LETTERS}
WHERE topic = {{topic:String}} AND topic_id = {{topic_id:String}}
ORDER BY partition, `offset`
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters: all that are not excluded. ``partition`` -1: of every one."""

    reasons: tuple[Rejected, ...] = ()
    since_ms: int = 0
    partition: int = -1

    @property
    def parameters(self) -> dict[str, Any]:
        reasons = [reason.value for reason in self.reasons]
        return {"reasons": reasons, "since_ms": self.since_ms, "partition": self.partition}


@dataclass(frozen=True, slots=True)
class Places:
    """Dead letters in the order of partition (uint32[n]) and offset (uint64[n]). ``copies``: the
    offsets of copies that the books know, of those that have any."""

    partition: NDArray[np.uint32]
    offset: NDArray[np.uint64]
    copies: Mapping[Place, tuple[int, ...]]

    def __len__(self) -> int:
        return len(self.offset)

    def __iter__(self) -> Iterator[Place]:
        for partition, offset in zip(self.partition, self.offset, strict=True):
            yield int(partition), int(offset)

    def only(self, places: Collection[Place]) -> Places:
        """Those of ``places`` that are among these."""
        wanted = set(places)
        keep = np.array([place in wanted for place in self], dtype=np.bool_)
        return Places(self.partition[keep], self.offset[keep], self.copies)


def newest(client: Client, wanted: Wanted, limit: int) -> list[Letter]:
    """The newest ``limit`` dead letters of all topics."""
    found = client.query(_NEWEST, parameters={**wanted.parameters, "limit": limit})
    return [_letter(row) for row in found.result_rows]


def summary(client: Client, wanted: Wanted) -> list[tuple[str, str, str, int, int]]:
    """(day, topic, reason, messages, those of them that were published again), newest first."""
    return [
        (day, topic, reason, int(messages), int(redriven))
        for day, topic, reason, messages, redriven in client.query(
            _SUMMARY, parameters=wanted.parameters
        ).result_rows
    ]


def at(client: Client, place: Place) -> list[Letter]:
    """The dead letters at ``place`` of the raw topic, newest first: one for each topic that has
    had the name."""
    wanted = Wanted(partition=place[0]).parameters
    parameters = {**wanted, "topic": Topic.RAW.value, "offset": place[1]}
    return [_letter(row) for row in client.query(_AT, parameters=parameters).result_rows]


def places_of(client: Client, wanted: Wanted, topic_id: str) -> Places:
    """All dead letters of one incarnation of the raw topic: 12 bytes each, and their copies."""
    parameters = {**wanted.parameters, "topic": Topic.RAW.value, "topic_id": topic_id}
    table = client.query_arrow(_PLACES, parameters=parameters)
    partition, offset = (table.column(name).to_numpy() for name in ("partition", "offset"))
    copies = {
        (int(partition[at]), int(offset[at])): tuple(found.as_py())
        for at, found in enumerate(table.column("copies"))
        if len(found)
    }
    return Places(partition, offset, copies)


def first_unaccounted(client: Client, topic_id: str, low: dict[int, int]) -> dict[int, int]:
    """For each partition of ``low`` (the first offset that Kafka still has) the first offset from
    there on that the books do not know: a copy that they know of lies before it."""
    found = dict(low)
    seen: set[int] = set()
    for span in spans_of(client):
        source_id, partition = span.source
        if source_id != topic_id or partition not in low:
            continue
        unknown = [*span.gaps, (span.end, None)]
        first = min(
            max(begin, low[partition])
            for begin, last in unknown
            if last is None or last >= low[partition]
        )
        found[partition] = min(found[partition], first) if partition in seen else first
        seen.add(partition)
    return found


def _letter(row: Sequence[Any]) -> Letter:
    topic, topic_id, partition, offset, reason, time_ms, copies = row
    return Letter(
        topic, topic_id, int(partition), int(offset), reason, int(time_ms), tuple(map(int, copies))
    )
