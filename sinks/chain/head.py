"""Where each chain has got to, so that the loader can put the next link on.

The hash of a partition's newest link is committed to Kafka with its offset, as the commit's note,
so whoever goes on from the offset goes on from its link too. Where Kafka has no note for us (a new
group, offsets that expired or were reset, a broker that keeps none) the last link before the first
message stands in ClickHouse: it was inserted before the offset was committed, or it was never read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError
from confluent_kafka import KafkaException, TopicPartition

from events.chain import BEGINNING
from events.errors import Retry, Stop
from events.log import log
from sinks.chain.link import links_of
from sinks.consumer import MessageSource, names_of
from sinks.coordinates import Coordinates, Key
from sinks.decode import Rows
from sinks.insert import may_pass, named
from sinks.tables.accounting_chain import TABLE

_ASK_TIMEOUT_S = 2.0

_LAST_BEFORE = f"""
SELECT toString(hash)
FROM {TABLE}
WHERE topic_id = {{topic_id:String}} AND partition = {{partition:UInt32}}
    AND `offset` < {{offset:UInt64}}
ORDER BY `offset` DESC, hash
LIMIT 1
"""


class AskingClient(Protocol):
    """What is needed of a ClickHouse client to find a link."""

    def query(self, query: str, parameters: dict[str, Any]) -> Any: ...


class Heads:
    """The newest links of the partitions that this loader was given."""

    def __init__(self, source: MessageSource, client: AskingClient) -> None:
        self._source = source
        self._client = client
        self._heads: dict[Key, tuple[str, str]] = {}  # (topic id, hash)

    def forget(self) -> None:
        """Partitions have come or gone: another loader may have put links on."""
        self._heads = {}

    def begin(self, at: Coordinates) -> None:
        """Make sure that the link before the message ``at`` is known. Raises ``Retry`` where Kafka
        or ClickHouse does not answer, and the message must then be read again; ``Stop`` where
        ClickHouse refuses for good."""
        if at.key in self._heads:
            return
        try:
            found = self._noted(at) or self._stored(at)
        except KafkaException as error:
            raise Retry(f"Kafka did not tell the group's offset ({names_of(error)})") from None
        except (ClickHouseError, OSError) as error:
            if not may_pass(error):
                raise Stop(
                    f"ClickHouse does not tell the last link of the accounting ({named(error)}). "
                    "Run `glasshouse migrate` first, as administrator."
                ) from None
            raise Retry(f"ClickHouse did not tell the last link ({named(error)})") from None
        if found == BEGINNING:
            where = {"topic": at.topic.value, "partition": at.partition, "offset": at.offset}
            log.info("a chain of the accounting begins", **where)
        self._heads[at.key] = at.topic_id, found

    def sealed(self, at: Coordinates, rows: Rows) -> Rows:
        """``rows`` of the message ``at`` with its link, if it has one, put onto the chain."""
        if TABLE not in rows:
            return rows
        (link,) = links_of(rows[TABLE])
        topic_id, previous = self._heads[at.key]
        head = link.hash_after(previous)
        self._heads[at.key] = topic_id, head
        ends = {"previous": pa.array([previous]), "hash": pa.array([head])}
        return {**rows, TABLE: pa.table({**dict(_columns(rows[TABLE])), **ends})}

    def note(self, key: Key) -> str:
        """What to commit with an offset of this partition; empty where it has no chain."""
        return " ".join(self._heads[key]) if key in self._heads else ""

    def _noted(self, at: Coordinates) -> str:
        """The hash that was committed with the offset we began at; empty where there is none."""
        where = [TopicPartition(at.topic.value, at.partition)]
        (position,) = self._source.committed(where, _ASK_TIMEOUT_S)
        if position.error is not None:
            raise KafkaException(position.error)
        # An offset after ours is somebody else's, who was given the partition after us.
        is_ours = 0 <= position.offset <= at.offset
        return hash_noted(position.metadata, at.topic_id) if is_ours else ""

    def _stored(self, at: Coordinates) -> str:
        if at.offset == 0:
            return BEGINNING
        where = {"topic_id": at.topic_id, "partition": at.partition, "offset": at.offset}
        found = self._client.query(_LAST_BEFORE, parameters=where).result_rows
        return str(found[0][0]) if found else BEGINNING


def hash_noted(note: str | None, topic_id: str) -> str:
    """The hash in a commit's note; empty unless it is of this topic."""
    words = (note or "").split(" ")
    return words[1] if len(words) == 2 and words[0] == topic_id else ""


def _columns(table: pa.Table) -> Mapping[str, pa.ChunkedArray]:
    return dict(zip(table.column_names, table.columns, strict=True))
