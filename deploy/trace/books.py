"""What the books say of the messages that a batch of rows came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from events.purposes import Purpose
from streams.account import account_id
from streams.keys import KeyEpoch

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

_ACCOUNTS = """
SELECT topic, topic_id, partition, `offset`, batch, policy_hash, event_count, passed_count,
    withheld, rejected, redriven_from
FROM governance.accounting FINAL
WHERE purpose = {purpose:String} AND (topic_id, partition, `offset`) IN (
    SELECT topic_id, partition, `offset`
    FROM governance.accounting
    WHERE purpose = {purpose:String} AND batch IN {ids:Array(UInt64)}
) AND batch IN {ids:Array(UInt64)}
ORDER BY topic_id, partition, `offset`
"""

_LINKS = """
SELECT DISTINCT topic_id, partition, `offset`, toString(hash),
    passed_count[indexOf(source_offset, {offset:UInt64})]
FROM governance.accounting_chain
WHERE source_topic_id = {topic_id:String} AND source_partition = {partition:UInt32}
    AND purpose = {purpose:String}
    AND arrayMin(source_offset) <= {offset:UInt64} AND arrayMax(source_offset) >= {offset:UInt64}
    AND has(source_offset, {offset:UInt64})
ORDER BY topic_id, partition, `offset`
"""


@dataclass(frozen=True, slots=True)
class Tie:
    """A link that tells of the message: its place in the accounting topic, and what it says
    passed."""

    topic_id: str
    partition: int
    offset: int
    hash: str
    passed: int


@dataclass(frozen=True, slots=True)
class Account:
    """What became of one source message for the purpose, and the links that tell of it."""

    topic: str
    topic_id: str
    partition: int
    offset: int
    epoch: int
    policy_hash: str
    event_count: int
    passed: int
    withheld: Mapping[str, int]
    rejected: Mapping[str, int]
    redriven_from: int
    ties: Sequence[Tie]


def accounts_of(
    client: Client, purpose: Purpose, batch: int, epochs: Sequence[KeyEpoch]
) -> list[Account]:
    """The accounts of all messages that led to rows with this batch id, in the order of topics,
    partitions and offsets; empty where the books know none under the keys of ``epochs``."""
    epoch_of = {account_id(epoch, batch): epoch.epoch for epoch in epochs}
    asked = {"purpose": purpose.value, "ids": list(epoch_of)}
    found = []
    for row in client.query(_ACCOUNTS, asked).result_rows:
        topic, topic_id, partition, offset, known, policy_hash, *counts, redriven_from = row
        events, passed, withheld, rejected = counts
        found.append(
            Account(
                topic=topic,
                topic_id=topic_id,
                partition=partition,
                offset=offset,
                epoch=epoch_of[known],
                policy_hash=policy_hash,
                event_count=events,
                passed=passed,
                withheld=withheld,
                rejected=rejected,
                redriven_from=redriven_from,
                ties=_ties(client, purpose, topic_id, partition, offset),
            )
        )
    return found


def _ties(
    client: Client, purpose: Purpose, topic_id: str, partition: int, offset: int
) -> tuple[Tie, ...]:
    where: dict[str, Any] = {"topic_id": topic_id, "partition": partition, "offset": offset}
    found = client.query(_LINKS, {**where, "purpose": purpose.value}).result_rows
    return tuple(Tie(*row) for row in found)
