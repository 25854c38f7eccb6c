"""The tables that peers insert into, and what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.peers.columns import ACCOUNTS, ROWS, WINDOWS
from sinks.migrate import bundled_migrations
from sinks.sql import Placement

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: The product's own table of training rows: the same columns, types, codecs, and ways to merge.
_TRAINING = ("training", "merges")

_OTHERS = (
    "CREATE DATABASE peer",
    f"""CREATE TABLE {WINDOWS}
    (
        team LowCardinality(String),
        window_start DateTime64(3, 'UTC'),
        events UInt64,
        version UInt64
    )
    ENGINE = ReplacingMergeTree(version) ORDER BY (team, window_start)""",
    f"""CREATE TABLE {ACCOUNTS}
    (partition UInt32, first_offset UInt64, fate LowCardinality(String), events UInt64)
    ENGINE = ReplacingMergeTree ORDER BY (partition, first_offset, fate)""",
)

# Asked again and again, so rows are only counted here, repeated ones too: that costs nothing.
_FILLING = f"""SELECT
    (SELECT count() FROM {ROWS}),
    (SELECT sum(events) FROM {ACCOUNTS} FINAL),
    (SELECT sum(events) FROM {WINDOWS} FINAL WHERE window_start < %(until_ms)s)"""

_SUMS = f"""SELECT count() AS rows, uniqExact(pseudonym) AS people,
    uniqExact(session) AS sessions, sum(x_px) AS x_px, sum(y_px) AS y_px, sum(detail) AS detail,
    sum(toUnixTimestamp64Milli(time)) AS time_ms FROM {ROWS} FINAL"""
_WINDOWS = f"""SELECT team, toUnixTimestamp64Milli(window_start), events FROM {WINDOWS} FINAL
    WHERE window_start < %(until_ms)s"""
_FATES = f"SELECT fate, sum(events) FROM {ACCOUNTS} FINAL GROUP BY fate"


@dataclass(frozen=True, slots=True)
class Filling:
    """How far it is: rows of events, events accounted for, events in windows."""

    rows: int
    accounted: int
    counted: int

    def reaches(self, other: Filling) -> bool:
        return (
            self.rows >= other.rows
            and self.accounted >= other.accounted
            and self.counted >= other.counted
        )


@dataclass(frozen=True, slots=True)
class Tables:
    """What is in the tables. Sums are over the rows of training, at grid and tick. ``windows``:
    events by team and start, ms UTC; ``fates``: events by what became of them."""

    rows: int
    people: int
    sessions: int
    x_px: int
    y_px: int
    detail: int
    time_ms: int
    windows: dict[tuple[str, int], int]
    fates: dict[str, int]


def create(client: Client) -> None:
    """Make them, empty."""
    training = "".join(each.text for each in bundled_migrations() if each.name in _TRAINING)
    for statement in (*Placement().statements(training), *_OTHERS):
        client.command(statement)


def filling(client: Client, until_ms: int) -> Filling:
    """Windows count that begin before ``until_ms``."""
    found = client.query(_FILLING, {"until_ms": _moment(until_ms)}).result_rows[0]
    return Filling(*(int(value or 0) for value in found))


def read(client: Client, until_ms: int) -> Tables:
    """Everything, repeated rows once; of the windows those that begin before ``until_ms``."""
    found = client.query(_SUMS)
    sums = dict(zip(found.column_names, map(int, found.result_rows[0]), strict=True))
    windows = client.query(_WINDOWS, {"until_ms": _moment(until_ms)}).result_rows
    return Tables(
        windows={(str(team), int(start)): int(events) for team, start, events in windows},
        fates={str(fate): int(events) for fate, events in client.query(_FATES).result_rows},
        **sums,
    )


def _moment(at_ms: int) -> float:
    return at_ms / 1_000
