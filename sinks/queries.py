"""``governance.queries``: what ClickHouse's own log says of who asked what, without any text.

A statement has up to two rows in ``system.query_log``, one as it starts and one as it ends; here it
is one row, the last that is known. So a statement whose server died is there as ``started``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sinks.insert import INSERT_SETTINGS
from sinks.rights import QUERY_LOG

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

TABLE = "governance.queries"

#: Rows come to the log some seconds after their statement (``flush_interval_milliseconds``, 7.5 s
#: by default), and a statement may run for hours: what is this much older than the newest row that
#: was collected is looked at again. Collecting a row again makes no second one of it.
OVERLAP_H = 6

_IS_THERE = "EXISTS TABLE {}"

#: Which purpose a database is of; `governance` stands for itself.
_PURPOSES = """
arrayDistinct(arrayMap(
    name -> transform(name, ['training', 'analytics'], ['agent_training', 'team_analytics'], name),
    arrayFilter(name -> name IN ('training', 'analytics', 'governance'), databases)
))
"""

_COLLECT = f"""
INSERT INTO {TABLE}
SELECT query_start_time_microseconds, hostname, query_id, type::UInt8,
    user, initial_user, query_kind, normalized_query_hash, {_PURPOSES} AS purposes,
    tables, columns, read_rows, result_rows, written_rows, exception_code
FROM {{source}}
WHERE is_initial_query
    AND (notEmpty(purposes) OR exception_code != 0)
    AND query_start_time_microseconds >= (
        SELECT max(started_at) - toIntervalHour({OVERLAP_H}) FROM {TABLE}
    )
"""


def has_query_log(client: Client) -> bool:
    """Whether the server keeps a log of queries, and this user may see it."""
    return str(client.command(_IS_THERE.format(QUERY_LOG))) == "1"


def collect_queries(client: Client, cluster: str = "", source: str = QUERY_LOG) -> int:
    """Take over what is new in the log of queries, of every node of ``cluster``; how many
    statements are new. Reads no text of a statement or an error."""
    count = f"SELECT count() FROM {TABLE} FINAL"
    before = int(str(client.command(count)))
    everywhere = f"clusterAllReplicas('{cluster}', {source})" if cluster else source
    client.command(_COLLECT.replace("{source}", everywhere), settings=INSERT_SETTINGS)
    return int(str(client.command(count))) - before
