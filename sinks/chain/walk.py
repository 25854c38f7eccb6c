"""Follow each chain from its beginning to its head, a few links at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from events.chain import BEGINNING
from sinks.chain.finding import Fault, Findings, link_place
from sinks.chain.link import Link, links_of
from sinks.tables.accounting_chain import digest_of

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: Links that are held at once: of at most 4,096 messages each, so about 100 MB at the very most.
LINKS_AT_ONCE = 512

_CHAINS = """
SELECT topic_id, partition
FROM governance.accounting_chain
GROUP BY topic_id, partition
ORDER BY topic_id, partition
"""

#: As they were inserted, but for hashes, which are text here.
_LINKS = """
SELECT toString(topic_id) AS topic_id, partition, `offset`, toString(source_topic) AS source_topic,
    toString(source_topic_id) AS source_topic_id, source_partition, toString(purpose) AS purpose,
    toString(policy_hash) AS policy_hash, source_offset,
    refused_whole::Array(UInt8) AS refused_whole, event_count, passed_count,
    withheld::Map(String, Array(UInt32)) AS withheld,
    rejected::Map(String, Array(UInt32)) AS rejected, redriven_from, first_day,
    toString(batch_digest) AS batch_digest, toString(previous) AS previous, toString(hash) AS hash
FROM governance.accounting_chain FINAL
WHERE accounting_chain.topic_id = {topic_id:String} AND partition = {partition:UInt32}
    AND `offset` > {after:Int64}
ORDER BY `offset`, accounting_chain.hash
LIMIT {links:UInt32}
"""

_IDS = """
SELECT `offset`, batch
FROM governance.accounting FINAL
WHERE topic_id = {topic_id:String} AND partition = {partition:UInt32}
    AND purpose = {purpose:String} AND `offset` IN (
        SELECT arrayJoin(source_offset)
        FROM governance.accounting_chain
        WHERE topic_id = {chain_id:String} AND partition = {chain_partition:UInt32}
            AND `offset` BETWEEN {first:UInt64} AND {last:UInt64}
            AND source_topic_id = {topic_id:String} AND source_partition = {partition:UInt32}
            AND purpose = {purpose:String}
    )
ORDER BY `offset`
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link of a chain."""

    topic_id: str
    partition: int
    offset: int
    hash: str


@dataclass(frozen=True, slots=True)
class Walked:
    """All links of one partition of the accounting topic. ``beginnings`` are the offsets at which a
    chain begins: one, unless loading had begun anew. ``unchecked``: messages that an attempt left
    without a batch id, so that the ids of that link could not be compared."""

    head: Head
    links: int
    beginnings: tuple[int, ...]
    unchecked: int


@dataclass(slots=True)
class _Way:
    """How far a chain was followed."""

    hashes: set[str] = field(default_factory=set)  # of the link at `offset`, which should be one
    offset: int = -1
    links: int = 0
    beginnings: list[int] = field(default_factory=list)
    unchecked: int = 0


def walk(client: Client, findings: Findings, links_done: Callable[[int], None]) -> list[Walked]:
    """Follow every chain; what is wrong goes into ``findings``. Detects every link that was removed
    before the newest, every change to one and every one that was put in; and every change to the
    batch ids of rows that are there."""
    chains = client.query(_CHAINS).result_rows
    return [_follow(client, findings, links_done, *chain) for chain in chains]


def _follow(
    client: Client,
    findings: Findings,
    links_done: Callable[[int], None],
    topic_id: str,
    partition: int,
) -> Walked:
    way = _Way()
    for links, table in _blocks(client, topic_id, partition):
        previous = table["previous"].to_pylist()
        hashes = table["hash"].to_pylist()
        for link, before, own in zip(links, previous, hashes, strict=True):
            _step(way, findings, link, before, own)
        way.unchecked += _compare_ids(client, findings, links)
        links_done(len(links))
    head = Head(topic_id, partition, way.offset, max(way.hashes))
    return Walked(head, way.links, tuple(way.beginnings), way.unchecked)


def _step(way: _Way, findings: Findings, link: Link, before: str, own: str) -> None:
    place = link_place(*link.place)
    offset = link.place[2]
    if link.hash_after(before) != own:
        findings.add(Fault.LINK_CHANGED, [place])
    if offset == way.offset:
        findings.add(Fault.LINK_ADDED, [place])
    elif before == BEGINNING:
        way.beginnings.append(offset)
    elif before not in way.hashes:
        findings.add(Fault.LINKS_REMOVED, [f"before {place}"])
    way.hashes = {own} | (way.hashes if offset == way.offset else set())
    way.offset = offset
    way.links += 1


def _blocks(client: Client, topic_id: str, partition: int) -> Iterator[tuple[list[Link], pa.Table]]:
    """Links in the order of offsets; those of one offset are in one block."""
    after = -1
    while True:
        where = {"topic_id": topic_id, "partition": partition, "after": after}
        table = client.query_arrow(_LINKS, {**where, "links": LINKS_AT_ONCE + 1})
        if not table.num_rows:
            return
        if table.num_rows > LINKS_AT_ONCE:
            table = _without_last_offset(table)
        yield list(links_of(table)), table
        after = table["offset"][-1].as_py()


def _without_last_offset(table: pa.Table) -> pa.Table:
    """What is before the last offset, of which there may be more; all if there is no other."""
    offsets = table["offset"].to_numpy()
    kept = int(np.searchsorted(offsets, offsets[-1]))
    return table.slice(0, kept) if kept else table


def _compare_ids(client: Client, findings: Findings, links: Sequence[Link]) -> int:
    """Compare the batch ids of the rows that are there with the digests of ``links``; how many are
    not to be had because another attempt has none."""
    unchecked = 0
    for source in {link.source for link in links}:
        own = [link for link in links if link.source == source and len(_offsets(link))]
        if not own:
            continue
        known, ids = _ids(client, source, own)
        for link in own:
            unchecked += _compare_one(findings, link, known, ids)
    return unchecked


def _compare_one(
    findings: Findings, link: Link, known: NDArray[np.uint64], ids: NDArray[np.uint64]
) -> int:
    wanted = _offsets(link)[~link.arrays["refused_whole"].astype(np.bool_)]
    at = np.searchsorted(known, wanted)
    is_there = at < len(known)
    is_there[is_there] = known[at[is_there]] == wanted[is_there]
    if not is_there.all():
        return 0  # said of the rows, each by itself
    lacking = int((ids[at] == 0).sum())
    if not lacking and digest_of(ids[at]) != link.batch_digest:
        findings.add(Fault.IDS_CHANGED, [link_place(*link.place)])
    return lacking


def _ids(
    client: Client, source: tuple[str, int, str], links: Sequence[Link]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Offsets and batch ids of the rows that ``links``, which follow each other, tell of."""
    topic_id, partition, purpose = source
    (chain_id, chain_partition, first), last = links[0].place, links[-1].place[2]
    found = client.query_arrow(
        _IDS,
        {
            "topic_id": topic_id,
            "partition": partition,
            "purpose": purpose,
            "chain_id": chain_id,
            "chain_partition": chain_partition,
            "first": first,
            "last": last,
        },
    )
    return found["offset"].to_numpy(), found["batch"].to_numpy()


def _offsets(link: Link) -> NDArray[Any]:
    return link.arrays["source_offset"]
