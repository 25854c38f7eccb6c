"""Rows of ClickHouse as they are, streamed: whatever their number, a block of them is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from deploy.subject.export.case import Case
from deploy.subject.export.records import Blocks, Found, OnRead
from events.errors import Stop
from events.purposes import Purpose

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

_CHUNK_BYTES = 1 << 18

#: Times as ISO 8601; integers of 64 bits as texts, since many readers of JSON cut them.
_FORM = {
    "date_time_output_format": "iso",
    "output_format_json_quote_64bit_integers": "1",
    "output_format_json_validate_utf8": "1",
    # As a row, an error of the server's would look like one of the person's.
    "http_write_exception_in_output_format": "0",
}

_COLUMNS = """
SELECT name, comment FROM system.columns
WHERE database = {database:String} AND table = {table:String} ORDER BY position
"""

_OF_PERSON = "pseudonym IN {ids:Array(UInt64)}"

#: Of each table of a purpose's rows: whose it is, what tells the day, and an order that it has
#: already, so that nothing is sorted in memory.
_ROWS: dict[str, tuple[Purpose, str, str]] = {
    "training.interactions": (
        Purpose.AGENT_TRAINING,
        "time",
        "pseudonym, session, sequence, `index`, batch",
    ),
    "analytics.window_partials": (
        Purpose.TEAM_ANALYTICS,
        "window_start",
        "team, window_start, pseudonym, batch",
    ),
    "training.erased_people": (Purpose.AGENT_TRAINING, "erased_at", "pseudonym"),
    "analytics.erased_people": (Purpose.TEAM_ANALYTICS, "erased_at", "pseudonym"),
}


_TABLE_OF = {
    Purpose.AGENT_TRAINING: "training.interactions",
    Purpose.TEAM_ANALYTICS: "analytics.window_partials",
}


def rows(table: str, case: Case, on_read: OnRead) -> Found:
    """The person's rows of one purpose, of every key epoch that is left."""
    purpose, time, order = _ROWS[table]
    client, asked = case.custody.rows[purpose], {"ids": list(case.person.ids(purpose))}
    days = client.query(
        f"SELECT toString(toDate({time})) AS day, count() FROM {table} FINAL WHERE {_OF_PERSON} "
        "GROUP BY day ORDER BY day",
        asked,
    ).result_rows
    return Found(
        selected(
            client,
            f"SELECT * FROM {table} FINAL WHERE {_OF_PERSON} ORDER BY {order}",
            asked,
            on_read,
        ),
        {str(day): int(count) for day, count in days},
        meanings(client, table),
        note="" if case.person.secret else NOBODY_CAN_TELL,
    )


NOBODY_CAN_TELL = (
    "The person has no secret here, so nobody can tell whether any of these rows are theirs."
)


def in_the_books(table: str, case: Case, on_read: OnRead, column: str, order: str) -> Found:
    """Rows of governance in which ``column`` names the person."""
    client, asked = case.custody.books, {"ids": case.names_in_the_books}
    statement = (
        f"SELECT * FROM {table} FINAL WHERE {column} IN {{ids:Array(UInt64)}} ORDER BY {order}"
    )
    return Found(selected(client, statement, asked, on_read), meanings=meanings(client, table))


def selected(client: Client, statement: str, asked: Mapping[str, Any], on_read: OnRead) -> Blocks:
    """The answer to ``statement``. Nobody else may use ``client`` until all of it was taken.
    ``Stop`` where it breaks off: a part of it is never handed out as all there is."""
    stream = client.raw_stream(statement, dict(asked), settings=_FORM, fmt="JSONEachRow")
    rest = b""
    with stream as answer:
        while chunk := answer.read(_CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from _block(lines, on_read)
    if rest:
        raise _broken_off()


def _block(lines: list[bytes], on_read: OnRead) -> Iterator[list[bytes]]:
    # A server that fails half-way writes its error behind the rows it has given.
    if not all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        raise _broken_off()
    on_read(len(lines))
    yield lines


def _broken_off() -> Stop:
    return Stop("ClickHouse broke off in the middle of an answer. Run the same command again.")


def meanings(client: Client, table: str) -> dict[str, str]:
    """What each column of ``table`` holds, where the table says it."""
    database, _, name = table.partition(".")
    found = client.query(_COLUMNS, {"database": database, "table": name}).result_rows
    return {str(column): str(comment) for column, comment in found if comment}


def batches(case: Case, purpose: Purpose) -> Iterator[tuple[int, int]]:
    """(key epoch, id) of every batch that the person's rows of a purpose are of."""
    found = case.custody.rows[purpose].query_arrow(
        f"SELECT DISTINCT epoch, batch FROM {_TABLE_OF[purpose]} WHERE {_OF_PERSON}",
        {"ids": list(case.person.ids(purpose))},
    )
    epochs, ids = (found.column(name).to_numpy() for name in ("epoch", "batch"))
    return ((int(epoch), int(batch)) for epoch, batch in zip(epochs, ids, strict=True))


def first_ms(case: Case, purpose: Purpose) -> int | None:
    """The time of the person's first row of a purpose, in ms UTC; None where there is no row."""
    table = _TABLE_OF[purpose]
    ((first, count),) = (
        case.custody.rows[purpose]
        .query(
            f"SELECT toUnixTimestamp64Milli(toDateTime64(min({_ROWS[table][1]}), 3, 'UTC')), "
            f"count() FROM {table} WHERE {_OF_PERSON}",
            {"ids": list(case.person.ids(purpose))},
        )
        .result_rows
    )
    return int(first) if count else None
