"""One question, read-only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.errors import InputError
from events.settings import Settings
from sinks.query import TABLE_ROWS, ask, ask_json
from sinks.warehouse import Warehouse, open_warehouse

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("query") / "data")
    with open_warehouse(settings) as opened:
        opened.client.command("CREATE TABLE kept (a UInt8) ENGINE = MergeTree ORDER BY a")
        yield opened


def test_amounts_are_numbers_and_identities_keep_all_their_digits(warehouse: Warehouse) -> None:
    answer = ask(warehouse, "SELECT 1 AS a, toUInt64(-1) AS b, 'x' AS c, 0.1 AS d, [1, 2] AS e;")
    assert answer.columns == ("a", "b", "c", "d", "e")
    assert answer.cells == ((1, "18446744073709551615", "x", "0.1", "[1,2]"),)
    assert not answer.cut


def test_amounts_that_may_be_null_are_numbers_too(warehouse: Warehouse) -> None:
    sql = "SELECT toNullable(toUInt64(5)), toLowCardinality(toNullable('x')), toNullable(-3), NULL"
    null = "CAST(NULL, 'Nullable(UInt64)')"
    assert ask(warehouse, f"{sql}, {null}").cells == ((5, "x", -3, "ᴺᵁᴸᴸ", None),)


def test_json_lines_keep_all_digits(warehouse: Warehouse) -> None:
    text = b"".join(ask_json(warehouse, "SELECT toUInt64(-1) AS p, number FROM numbers(3)"))
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines == [{"p": 2**64 - 1, "number": number} for number in range(3)]


def test_a_long_answer_is_cut_for_a_table_and_whole_for_json(warehouse: Warehouse) -> None:
    sql = f"SELECT number FROM numbers({TABLE_ROWS + 1})"
    answer = ask(warehouse, sql)
    assert (len(answer.cells), answer.cut) == (TABLE_ROWS, True)
    assert len(b"".join(ask_json(warehouse, sql)).splitlines()) == TABLE_ROWS + 1
    assert not ask(warehouse, f"SELECT number FROM numbers({TABLE_ROWS})").cut


def test_an_empty_answer_still_has_its_columns(warehouse: Warehouse) -> None:
    answer = ask(warehouse, "SELECT a FROM kept")
    assert (answer.columns, answer.cells) == (("a",), ())


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO kept VALUES (1)",
        "DROP TABLE kept",
        "CREATE TABLE more (a UInt8) ENGINE = Memory",
        "SET readonly = 0",
        "SELECT 1 SETTINGS readonly = 0",
        "TRUNCATE TABLE kept",
    ],
)
def test_nothing_can_be_written(warehouse: Warehouse, sql: str) -> None:
    with pytest.raises(InputError, match=r"(?i)readonly|syntax"):
        ask(warehouse, sql)
    with pytest.raises(InputError, match=r"(?i)readonly|syntax"):
        list(ask_json(warehouse, sql))
    assert warehouse.client.command("SELECT count() FROM kept") == 0
    assert warehouse.client.command("EXISTS TABLE more") == 0


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 INTO OUTFILE '{file}'",
        "WITH 1 AS a SELECT a into /* */ outfile '{file}' TRUNCATE",
        "SELECT 1 UNION ALL SELECT 2 INTO OUTFILE '{file}' FORMAT CSV",
        "SELECT 1 INTO OUTFILE '{file}'; SELECT 2",
    ],
)
def test_no_file_can_be_written(warehouse: Warehouse, tmp_path: Path, sql: str) -> None:
    file = tmp_path / "answer.csv"
    with pytest.raises(InputError, match=r"INTO OUTFILE|Multi-statements"):
        ask(warehouse, sql.format(file=file))
    assert not file.exists()
    assert ask(warehouse, "SELECT '\nINTO OUTFILE '").cells == (("\nINTO OUTFILE ",),)


def test_a_wrong_question_gets_clickhouses_reason_in_one_line(warehouse: Warehouse) -> None:
    with pytest.raises(InputError, match="UNKNOWN_TABLE") as caught:
        ask(warehouse, "SELECT * FROM nowhere")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "sql", ["SHOW TABLES", "DESCRIBE kept", "EXPLAIN SELECT 1", "WITH 1 AS x SELECT x"]
)
def test_all_that_reads_is_answered(warehouse: Warehouse, sql: str) -> None:
    assert ask(warehouse, sql).cells
    assert b"".join(ask_json(warehouse, sql))


def test_times_are_utc_wherever_this_machine_is(warehouse: Warehouse) -> None:
    answer = ask(warehouse, "SELECT toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC'), timezone()")
    assert answer.cells == (("2026-01-02 03:04:05.678", "UTC"),)
