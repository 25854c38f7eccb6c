"""What is said of the embedded engine holds over HTTP too: the same questions, answers and errors.

Over HTTP it is the same engine behind a small endpoint (``tests/kit``), not a ClickHouse server:
this shows the transport, not the server."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from events.errors import InputError, Stop
from events.settings import Settings
from events.topics import Topic
from sinks.insert import INSERT_SETTINGS
from sinks.prepare import require_tables
from sinks.prove import prove
from sinks.query import TABLE_ROWS, ask, ask_json
from sinks.reports import make_all
from sinks.totals import totals
from sinks.warehouse import Warehouse
from tests.sinks.made import Batch, org, partials, run_of, training
from tests.sinks.test_identity import insert

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("tables")]

WIDE = """
SELECT
    toDateTime64('2026-09-22 01:02:03.004', 3, 'UTC') AS at,
    toDateTime('2026-09-22 01:02:03', 'UTC') AS second,
    toDate('2026-09-22') AS day,
    toUInt64(18446744073709551615) AS id,
    toInt16(-5) AS detail,
    'é\n\t''x' AS word,
    toLowCardinality('team') AS team,
    toFixedString('ab', 2) AS fixed,
    CAST('move', 'Enum8(\\'move\\' = 0)') AS action,
    map('paused', 3) AS why,
    [1, 2] AS list,
    true AS flag,
    NULL AS nothing
"""


def test_values_of_every_type_come_back_the_same(warehouse: Warehouse) -> None:
    (row,) = warehouse.client.query(WIDE).named_results()
    assert row.pop("at").replace(tzinfo=UTC) == datetime(2026, 9, 22, 1, 2, 3, 4_000, UTC)
    assert row.pop("second").replace(tzinfo=UTC) == datetime(2026, 9, 22, 1, 2, 3, tzinfo=UTC)
    assert row == {
        "id": 2**64 - 1,
        "detail": -5,
        "word": "é\n\t'x",
        "why": {"paused": 3},
        "action": "move",
        "list": [1, 2],
        "nothing": None,
        "day": datetime(2026, 9, 22).date(),
        "team": "team",
        "fixed": b"ab",
        "flag": True,
    }


def test_parameters_are_values_and_never_sql(warehouse: Warehouse) -> None:
    word = "'; DROP TABLE training.interactions; -- \\ \n\t%&=+é"
    found = warehouse.client.query(
        "SELECT {word:String}, {many:Array(UInt64)}, {number:UInt32}",
        parameters={"word": word, "many": [1, 2**63], "number": 7},
    )
    assert [tuple(row) for row in found.result_rows] == [(word, [1, 2**63], 7)]


def test_arrow_rows_with_any_bytes_arrive_as_they_were(warehouse: Warehouse) -> None:
    words = ["", "x\nFORMAT Native\n", "\\N", "\x00", "é" * 1_000]
    topics = pa.array(words).dictionary_encode()
    rows = pa.table(
        {
            "topic": topics,
            "topic_id": pa.array(words),
            "partition": pa.array(range(5), pa.uint32()),
            "offset": pa.array([0, 1, 2, 3, 2**63], pa.uint64()),
            "reason": pa.array(["undecodable"] * 5),
            "message_time": pa.array([1] * 5, pa.timestamp("ms", "UTC")),
        }
    )
    client = warehouse.client
    client.insert_arrow("governance.dead_letters", rows, settings=INSERT_SETTINGS)
    found = client.query(
        "SELECT topic, topic_id, partition, `offset` FROM governance.dead_letters ORDER BY 3"
    ).result_rows
    assert [tuple(row) for row in found] == [
        (word, word, place, [0, 1, 2, 3, 2**63][place]) for place, word in enumerate(words)
    ]


def test_a_block_of_200_000_rows_goes_in_whole(warehouse: Warehouse) -> None:
    day = [training([Batch(n, actions=(0,) * 4_000)]) for n in range(50)]
    insert(warehouse.client, day)
    asked = "SELECT count(), uniqExact(batch) FROM training.interactions"
    assert [tuple(row) for row in warehouse.client.query(asked).result_rows] == [(200_000, 50)]


@pytest.mark.parametrize(
    ("sql", "code", "name"),
    [
        ("SELECT * FROM training.nothing", 60, "UNKNOWN_TABLE"),
        ("SELECT nothing FROM training.interactions", 47, "UNKNOWN_IDENTIFIER"),
        ("SELEC 1", 62, "SYNTAX_ERROR"),
        ("SELECT * FROM nothing.interactions", 81, "UNKNOWN_DATABASE"),
        ("SELECT throwIf(number = 70000) FROM numbers(100000)", 395, None),
        ("SELECT 1 SETTINGS no_such_setting = 1", 115, "UNKNOWN_SETTING"),
    ],
)
def test_an_error_has_the_same_code_and_name(
    warehouse: Warehouse, sql: str, code: int, name: str | None
) -> None:
    with pytest.raises(DatabaseError) as found:
        warehouse.client.query(sql)
    assert found.value.code == code
    assert name is None or found.value.name == name


def test_a_block_for_a_table_that_is_not_there_is_refused_at_once(warehouse: Warehouse) -> None:
    with pytest.raises(DatabaseError) as found:
        warehouse.client.insert_arrow("training.nothing", pa.table({"a": [1]}))
    assert found.value.code == 60


def test_a_question_that_writes_is_refused(warehouse: Warehouse) -> None:
    for sql in (
        "INSERT INTO analytics.group_limit (smallest_group) SELECT 2",
        "INSERT INTO analytics.group_limit (smallest_group) VALUES (2)",
        "DROP TABLE training.interactions",
        "SET readonly = 0",
        "ALTER TABLE training.interactions DELETE WHERE 1",
    ):
        with pytest.raises(InputError, match=r"READONLY|SYNTAX_ERROR"):
            ask(warehouse, sql)
    require_tables(warehouse.client)
    limits = warehouse.client.query("SELECT smallest_group FROM analytics.group_limit").result_rows
    assert [tuple(row) for row in limits] == [(10,)]


def test_a_person_is_told_what_is_wrong_in_the_same_words(warehouse: Warehouse) -> None:
    with pytest.raises(InputError) as found:
        ask(warehouse, "SELECT * FROM training.nothing")
    assert str(found.value).startswith("ClickHouse does not answer this: Code: 60. DB::Exception: ")
    assert str(found.value).endswith("(UNKNOWN_TABLE)")


def test_an_answer_is_cut_at_what_a_terminal_shows(warehouse: Warehouse) -> None:
    answer = ask(
        warehouse, f"SELECT number, toString(number) AS n FROM numbers({TABLE_ROWS * 100})"
    )
    assert (answer.columns, len(answer.cells), answer.cut) == (("number", "n"), TABLE_ROWS, True)
    assert answer.cells[7] == (7, "7")
    assert not ask(warehouse, f"SELECT number FROM numbers({TABLE_ROWS})").cut


def test_a_long_answer_is_streamed_whole(warehouse: Warehouse) -> None:
    pieces = list(ask_json(warehouse, "SELECT number FROM numbers(300000)"))
    rows = b"".join(pieces).splitlines()
    assert len(pieces) > 10
    assert [json.loads(rows[0]), json.loads(rows[-1])] == [{"number": 0}, {"number": 299_999}]
    assert len(rows) == 300_000


def test_settings_of_one_client_are_not_those_of_another(warehouse: Warehouse) -> None:
    reader = warehouse.another({"readonly": "2", "max_threads": "1"})
    try:
        asked = "SELECT getSetting('readonly'), getSetting('session_timezone')"
        assert [tuple(row) for row in reader.query(asked).result_rows] == [(2, "UTC")]
        assert [tuple(row) for row in warehouse.client.query(asked).result_rows] == [(0, "UTC")]
    finally:
        reader.close()


def test_many_threads_share_a_client(warehouse: Warehouse) -> None:
    def ask_for(number: int) -> int:
        found = warehouse.client.query(
            "SELECT {number:UInt32} + sum(number) * 0 FROM numbers(1000)",
            parameters={"number": number},
        )
        return int(found.result_rows[0][0])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask_for, range(100))) == list(range(100))


def test_reconcile_holds_however_often_rows_came(warehouse: Warehouse) -> None:
    run = run_of(org(people=6, batches_each=5))
    insert(warehouse.client, run)
    insert(warehouse.client, run)
    checks, unmerged = prove(warehouse.client, Settings())
    assert [check.name for check in checks if not check.ok] == []
    assert all(count > 0 for count in unmerged.values())
    events = {purpose: each.events_in for purpose, each in totals(warehouse.client).items()}
    assert len(set(events.values())) == 1


def test_reconcile_names_what_is_missing(warehouse: Warehouse) -> None:
    run = run_of(org(people=6, batches_each=5))
    lost = next(message for message in run if message.topic is Topic.TRAINING)
    insert(warehouse.client, [message for message in run if message is not lost])
    checks, _ = prove(warehouse.client, Settings())
    assert [check.name for check in checks if not check.ok] == [
        "events in training.interactions",
        "batches in training.interactions",
    ]


def test_a_view_shows_the_same_groups(warehouse: Warehouse) -> None:
    insert(warehouse.client, [partials([Batch(n, person=n) for n in range(1, 12)])])
    asked = "SELECT team, people, events FROM analytics.team_hours"
    assert ask(warehouse, asked).cells == (), "before a report was made"
    make_all(warehouse.client)
    assert ask(warehouse, asked).cells == (("team-a", 10, 48),), "11 people, 44 events, rounded"


def test_the_inserter_says_to_migrate_where_a_table_is_missing(warehouse: Warehouse) -> None:
    client = warehouse.client
    client.command("RENAME TABLE governance.consent_log TO governance.elsewhere")
    try:
        with pytest.raises(Stop, match=r"error 60 UNKNOWN_TABLE.*glasshouse migrate"):
            insert(client, run_of(org(2, 1)))
    finally:
        client.command("RENAME TABLE governance.elsewhere TO governance.consent_log")
