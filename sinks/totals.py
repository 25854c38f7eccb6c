"""What became of all events, by purpose, from the accounting.

An event counts once, however often it was published: a batch at several offsets counts with the
attempt that passed most, the last of those, and a dead letter that was published again counts where
its copy is. The original stays in the books as what it was, a message that was refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from events.purposes import PURPOSES, Purpose

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: (passed, where) decides; a message that was refused whole has no batch, and stands for itself.
_SQL = """
SELECT purpose, sum(counted.1), sum(counted.2), sumMap(counted.3), sumMap(counted.4)
FROM
(
    SELECT
        purpose,
        argMax(
            (event_count, passed_count, withheld, rejected),
            (passed_count, partition, `offset`)
        ) AS counted
    FROM governance.accounting FINAL
    WHERE {topic_id:String} IN ('', topic_id)
        AND NOT (batch = 0 AND (topic_id, partition, `offset`) IN (
            SELECT topic_id, partition, toUInt64(redriven_from)
            FROM governance.accounting
            WHERE redriven_from >= 0
        ))
    GROUP BY
        purpose,
        batch,
        if(batch = 0, (topic_id, partition, `offset`), ('', 0, 0))
)
GROUP BY purpose
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """``events_in`` = ``passed`` + all ``withheld`` + all ``rejected``."""

    events_in: int = 0
    passed: int = 0
    withheld: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)


def totals(client: Client, topic_id: str = "") -> dict[Purpose, Totals]:
    """Totals of every purpose; of one incarnation of the source topic if ``topic_id`` is given."""
    found = client.query(_SQL, parameters={"topic_id": topic_id}).result_rows
    by_purpose = {
        purpose: Totals(int(events), int(passed), _counts(withheld), _counts(rejected))
        for purpose, events, passed, withheld, rejected in found
    }
    return {purpose: by_purpose.get(purpose.value, Totals()) for purpose in PURPOSES}


def _counts(found: Mapping[str, int]) -> dict[str, int]:
    """Most frequent first."""
    return {
        reason: int(count) for reason, count in sorted(found.items(), key=lambda item: -item[1])
    }
