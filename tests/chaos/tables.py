"""What the tables of a run hold: rows as they come, repeats collapsed by ClickHouse alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from events.vocabulary import Action, KeyClass
from tests.chaos.expected import Book, Place
from tests.oracle import Row

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

_TRAINING = """
SELECT batch, `index`, pseudonym, session, epoch, sequence, application, toInt8(surface),
    toInt8(origin), screen_width_px, screen_height_px, toUnixTimestamp64Milli(time),
    toInt8(action), x_px, y_px, detail, toInt8(role)
FROM training.interactions FINAL
"""
_COUNTS = ", ".join(
    [f"{action.name.lower()}_count" for action in Action]
    + [f"{key_class.name.lower()}_key_count" for key_class in KeyClass]
)
_PARTIALS = f"""
SELECT batch, toInt64(toUnixTimestamp(window_start)) * 1000, team, application, pseudonym, epoch,
    toInt8(origin), event_count, {_COUNTS}, wheel_steps, path_px
FROM analytics.window_partials FINAL
"""
_BOOKS = """
SELECT purpose, partition, `offset`, batch, event_count, passed_count, withheld, rejected
FROM governance.accounting FINAL
WHERE topic_id = {topic_id:String} AND topic = 'interactions.raw'
    AND policy_hash = {policy:String} AND redriven_from = -1
"""
_DEAD_LETTERS = """
SELECT partition, `offset`, reason, toUnixTimestamp64Milli(message_time)
FROM governance.dead_letters FINAL
WHERE topic_id = {topic_id:String} AND topic = 'interactions.raw'
"""
_CONSENT_LOG = """
SELECT `offset`, pseudonym, purpose, action, notice_version, number, hash,
    toUnixTimestamp64Milli(at)
FROM governance.consent_log FINAL
"""
_TOTALS = """
SELECT (SELECT count() FROM governance.accounting FINAL),
    (SELECT count() FROM governance.dead_letters FINAL)
"""


@dataclass(frozen=True, slots=True)
class Tables:
    """Each row as (what names it, the rest). ``elsewhere``: rows of books and dead letters that are
    not of this run's topic and policy."""

    training: list[tuple[Row, Row]]
    partials: list[tuple[Row, Row]]
    books: list[tuple[Place, Book]]
    dead_letters: list[tuple[tuple[int, int], tuple[str, int]]]
    consent_log: list[tuple[int, Row]]
    elsewhere: int


def read(client: Client, topic_id: str, policy: str) -> Tables:
    """All rows of a run in which the raw topic had ``topic_id``, under the policy of this hash."""
    of_the_run = {"topic_id": topic_id, "policy": policy}
    books = [_book(row) for row in client.query(_BOOKS, parameters=of_the_run).result_rows]
    letters = client.query(_DEAD_LETTERS, parameters=of_the_run).result_rows
    return Tables(
        training=_named_by_two(client.query(_TRAINING).result_rows),
        partials=_named_by_two(client.query(_PARTIALS).result_rows),
        books=books,
        dead_letters=[((row[0], row[1]), (row[2], row[3])) for row in letters],
        consent_log=[(row[0], tuple(row[1:])) for row in client.query(_CONSENT_LOG).result_rows],
        elsewhere=sum(client.query(_TOTALS).result_rows[0]) - len(books) - len(letters),
    )


def _named_by_two(rows: Iterable[Any]) -> list[tuple[Row, Row]]:
    return [(tuple(row[:2]), tuple(row[2:])) for row in rows]


def _book(row: Any) -> tuple[Place, Book]:
    purpose, partition, offset, batch, events, passed, withheld, rejected = row
    reasons = (tuple(sorted(withheld.items())), tuple(sorted(rejected.items())))
    return (purpose, partition, offset), (batch, events, passed, *reasons)
