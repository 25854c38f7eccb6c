"""Rows of one person are streamed as they are, of every epoch; nobody else's are among them."""

from __future__ import annotations

import io
from typing import Any, cast

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from deploy.subject.export.tables import (
    NOBODY_CAN_TELL,
    batches,
    first_ms,
    in_the_books,
    rows,
    selected,
)
from events.clock import MS_PER_DAY
from events.errors import Stop
from events.purposes import GOVERNANCE, Purpose
from events.sealing import digest
from streams.pseudonymise import subject_id
from tests.deploy.subject.made import (
    ANNA,
    BJORN,
    RING,
    case_of,
    partial_row,
    person,
    put_partials,
    put_training,
    records,
    training_row,
    unseen,
)
from tests.strategies import NOW_MS, SEALING

pytestmark = pytest.mark.service


def test_rows_of_both_epochs_are_found_and_nobody_elses(tables: Any) -> None:
    put_training(
        tables,
        training_row(ANNA, 1, batch=2**64 - 1, at_ms=NOW_MS - 4 * MS_PER_DAY),
        training_row(ANNA, 2, batch=12, index=1),
        training_row(ANNA, 2, batch=12, index=2),
        training_row(BJORN, 1, batch=21),
        training_row(BJORN, 2, batch=22),
    )
    found = rows("training.interactions", case_of(tables), unseen)
    told = records(found)
    assert sorted((each["epoch"], each["batch"], each["index"]) for each in told) == [
        (1, str(2**64 - 1), 0),
        (2, "12", 1),
        (2, "12", 2),
    ]
    pseudonyms = {str(name) for name in person().ids(Purpose.AGENT_TRAINING)}
    assert {each["pseudonym"] for each in told} == pseudonyms
    assert sum(found.days.values()) == 3 and len(found.days) == 2
    assert all(each["time"].startswith("2026-11-") and each["time"].endswith("Z") for each in told)
    assert "policy's tick" in found.meanings["time"]


def test_partials_are_found_and_a_repeated_row_counts_once(tables: Any) -> None:
    put_partials(tables, partial_row(ANNA, 2, 5, events=3), partial_row(BJORN, 2, 6))
    put_partials(tables, partial_row(ANNA, 2, 5, events=7))
    found = rows("analytics.window_partials", case_of(tables), unseen)
    assert found.days == {"2026-11-20": 1}
    (row,) = records(found)
    assert (row["batch"], row["event_count"], row["team"]) == ("5", 7, "red")


def test_who_has_no_secret_has_no_rows_that_anybody_could_tell(tables: Any) -> None:
    put_training(tables, training_row(ANNA, 1, 11))
    found = rows("training.interactions", case_of(tables, person(forgotten=True)), unseen)
    assert records(found) == [] and found.note == NOBODY_CAN_TELL


def test_many_rows_come_in_blocks_of_which_one_is_in_memory(tables: Any) -> None:
    name = person().pseudonyms[Purpose.AGENT_TRAINING][1]
    tables.command(
        "INSERT INTO training.interactions (pseudonym, session, sequence, `index`, batch, epoch, "
        "time) SELECT toUInt64({name:String}), 1, intDiv(number, 1000), number % 1000, "
        "intDiv(number, 1000), 1, toDateTime64('2026-11-20 12:00:00', 3, 'UTC') "
        "FROM numbers(40000)",
        parameters={"name": str(name)},
    )
    read: list[int] = []
    blocks = rows("training.interactions", case_of(tables), read.append).blocks
    sizes = [len(block) for block in blocks]
    assert sum(sizes) == sum(read) == 40_000
    assert max(sizes) < 2_000


def test_erased_pseudonyms_are_looked_up_too(tables: Any) -> None:
    name = person().pseudonyms[Purpose.TEAM_ANALYTICS][2]
    tables.insert("analytics.erased_people", [[name], [4711]], column_names=["pseudonym"])
    found = rows("analytics.erased_people", case_of(tables), unseen)
    assert [each["pseudonym"] for each in records(found)] == [str(name)]
    tables.command("TRUNCATE TABLE analytics.erased_people")


def test_batches_and_the_first_row_are_those_of_the_person(tables: Any) -> None:
    assert first_ms(case_of(tables), Purpose.AGENT_TRAINING) is None
    early = NOW_MS - 4 * MS_PER_DAY
    put_training(
        tables,
        training_row(ANNA, 1, 11, 0, early),
        training_row(ANNA, 1, 11, 1, early + 5),
        training_row(ANNA, 2, 12),
        training_row(BJORN, 1, 21, 0, early - 9),
    )
    case = case_of(tables)
    assert sorted(batches(case, Purpose.AGENT_TRAINING)) == [(1, 11), (2, 12)]
    assert first_ms(case, Purpose.AGENT_TRAINING) == early
    put_partials(tables, partial_row(ANNA, 2, 5))
    assert first_ms(case, Purpose.TEAM_ANALYTICS) == NOW_MS


def test_words_in_the_consent_log_are_found_under_every_epochs_name(tables: Any) -> None:
    names = [
        subject_id(each.keys[GOVERNANCE], digest(SEALING.digest_key, subject))
        for each in RING.epochs
        for subject in (ANNA, BJORN)
    ]
    tables.insert(
        "governance.consent_log",
        [["t", 0, offset, name, "agent_training", "grant"] for offset, name in enumerate(names)],
        column_names=["topic_id", "partition", "offset", "pseudonym", "purpose", "action"],
    )
    found = in_the_books("governance.consent_log", case_of(tables), unseen, "pseudonym", "`offset`")
    assert [each["offset"] for each in records(found)] == ["0", "2"]


@pytest.mark.parametrize(
    "answer",
    [
        b'{"a":1}\n{"a":2',
        b'{"a":1}\nCode: 241. DB::Exception: memory limit\n',
        b'{"a":1}\n\r\n__exception__\r\n{}\n',
    ],
)
def test_an_answer_that_breaks_off_is_never_taken_for_all_there_is(answer: bytes) -> None:
    class Breaking:
        def raw_stream(self, *_: object, **__: object) -> io.BytesIO:
            return io.BytesIO(answer)

    with pytest.raises(Stop, match="broke off"):
        list(selected(cast(Any, Breaking()), "SELECT 1", {}, unseen))


def test_a_table_that_is_not_there_is_an_error_and_not_an_empty_one(tables: Any) -> None:
    with pytest.raises(ClickHouseError):
        list(selected(tables, "SELECT * FROM training.nothing_here", {}, unseen))
