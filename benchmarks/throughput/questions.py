"""How long readers wait for an answer, in ms: the median of a few tries, after one to warm up."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

from sinks.reports import make_all

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

TEAM_HOURS = "the team-hour view, all of it"
MAKING = "making all reports anew"
ONE_PERSON = "one person's rows, by pseudonym"

_TRIES = 5
_MS_PER_S = 1_000
#: Somebody in the middle of the table.
_SOMEBODY = """
SELECT pseudonym FROM training.interactions GROUP BY pseudonym ORDER BY pseudonym LIMIT 1 OFFSET {}
"""
_PEOPLE = "SELECT uniqExact(pseudonym) FROM training.interactions"


def answers_ms(client: Client) -> dict[str, float]:
    """Of each question. Reports are made first, as analysts read those."""
    began_s = time.monotonic()
    make_all(client)
    making_ms = (time.monotonic() - began_s) * _MS_PER_S
    ((people,),) = client.query(_PEOPLE).result_rows
    ((somebody,),) = client.query(_SOMEBODY.format(int(people) // 2)).result_rows
    rows = f"SELECT * FROM training.interactions FINAL WHERE pseudonym = {int(somebody)}"
    return {
        MAKING: making_ms,
        TEAM_HOURS: _timed(lambda: client.query_arrow("SELECT * FROM analytics.team_hours")),
        ONE_PERSON: _timed(lambda: client.query_arrow(rows)),
    }


def _timed(ask: Callable[[], object]) -> float:
    ask()
    waits_ms = []
    for _ in range(_TRIES):
        began_s = time.monotonic()
        ask()
        waits_ms.append((time.monotonic() - began_s) * _MS_PER_S)
    return median(waits_ms)
