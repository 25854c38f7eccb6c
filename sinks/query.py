"""Ask ClickHouse one question, read-only, and show the answer as ClickHouse writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from events.errors import InputError
from sinks.warehouse import Warehouse

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: A terminal shows this many rows; more are for --json.
TABLE_ROWS = 1_000

#: Integers above this are identities, not amounts: they are shown without grouping.
_LARGEST_AMOUNT = 2**53

#: The types of integers. What reports do not show is NULL, so their figures are Nullable.
_INTEGER = re.compile(r"(?:LowCardinality\(|Nullable\()*U?Int\d+\)*")
_NULL = "ᴺᵁᴸᴸ"

_CHUNK_BYTES = 1 << 16

#: The embedded engine streams the answers of these; others (SHOW, EXPLAIN, ...) are short anyway.
_STREAMED = ("select", "with")


@dataclass(frozen=True, slots=True)
class Answer:
    """``cells`` are ClickHouse's own texts, but for integer amounts, which are ``int``, or None
    where they are NULL. ``cut`` says that there were more rows than ``TABLE_ROWS``."""

    columns: tuple[str, ...]
    cells: tuple[tuple[str | int | None, ...], ...]
    cut: bool


def ask(warehouse: Warehouse, sql: str) -> Answer:
    """The first ``TABLE_ROWS`` rows of the answer. ``InputError`` says why ClickHouse refuses."""
    enough = {"max_result_rows": str(TABLE_ROWS + 1), "result_overflow_mode": "break"}
    answer = b"".join(_read(warehouse, sql, "JSONCompactStringsEachRowWithNamesAndTypes", enough))
    lines = [json.loads(line) for line in answer.splitlines()]
    if not lines:
        return Answer((), (), False)
    columns, types, *rows = lines
    cells = tuple(
        tuple(_cell(text, kind) for text, kind in zip(row, types, strict=True))
        for row in rows[:TABLE_ROWS]
    )
    return Answer(tuple(columns), cells, len(rows) > TABLE_ROWS)


def ask_json(warehouse: Warehouse, sql: str) -> Iterator[bytes]:
    """The whole answer in pieces of one JSON object a line (ClickHouse's JSONEachRow). Integers
    are written as numbers with all their digits. Raises ``InputError``."""
    return _read(warehouse, sql, "JSONEachRow", {})


def hash_of(warehouse: Warehouse, sql: str) -> str:
    """A hash of ``sql`` without its literals, hex: ClickHouse's own log calls equal statements by
    the same one (``normalized_query_hash``)."""
    found = warehouse.client.query(
        "SELECT lower(hex(normalizedQueryHash({statement:String})))", {"statement": sql}
    )
    return str(found.result_rows[0][0])


def _read(warehouse: Warehouse, sql: str, form: str, limits: dict[str, str]) -> Iterator[bytes]:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    # 2: reads only, and no way back; 1 would also forbid the settings a client sends along.
    client: Client = warehouse.another({**limits, "readonly": "2"})
    try:
        statement = sql.strip().rstrip(";")
        _refuse_files(client, statement)
        if not statement.lower().startswith(_STREAMED):
            yield client.raw_query(statement, fmt=form)
            return
        with client.raw_stream(statement, fmt=form) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
    except ClickHouseError as error:
        raise InputError(f"ClickHouse does not answer this: {_short(str(error))}") from None
    finally:
        client.close()


def _refuse_files(client: Client, statement: str) -> None:
    """``InputError`` for INTO OUTFILE: the embedded engine would write the file, since to it that
    is no change of data. As ClickHouse formats a statement, each clause begins a line, and a line
    break within a string does not. What ClickHouse cannot read raises its error."""
    asked = {"statement": statement}
    ((text,),) = client.query("SELECT formatQuery({statement:String})", asked).result_rows
    if "\nINTO OUTFILE " in str(text):
        raise InputError("query only reads: leave INTO OUTFILE out, and use the shell's > instead")


def _cell(text: str, kind: str) -> str | int | None:
    if not _INTEGER.fullmatch(kind):
        return text
    if text == _NULL:
        return None
    return int(text) if abs(int(text)) <= _LARGEST_AMOUNT else text


def _short(message: str) -> str:
    """ClickHouse's text without where in its own source, without its version, without what the
    client says around it, and without what we asked it ourselves."""
    first = message.strip().splitlines()[0] if message.strip() else "no reason given"
    for rest in ("Stack trace:", ": In scope SELECT formatQuery(", " (version ", " (for url "):
        first = first.split(rest)[0]
    return first[max(0, first.find("Code: ")) :].strip()
