"""What became of the person's messages is found by where they are, and by the rows they led to."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.subject.export.books import accounts, dead_letters
from events.clock import to_datetime
from events.purposes import Purpose
from streams.account import account_id
from tests.deploy.subject.made import (
    ANNA,
    BJORN,
    RAW,
    RING,
    case_of,
    partial_row,
    put_partials,
    put_training,
    records,
    training_row,
    unseen,
)
from tests.strategies import NOW_MS

pytestmark = pytest.mark.service

TRAINING, ANALYTICS = Purpose.AGENT_TRAINING, Purpose.TEAM_ANALYTICS


def account(
    offset: int,
    purpose: Purpose = TRAINING,
    batch: int = 0,
    *,
    passed: int = 0,
    withheld: dict[str, int] | None = None,
    topic_id: str = RAW.topic_id,
) -> list[Any]:
    events = passed + sum((withheld or {}).values())
    place = ["interactions.raw", topic_id, 0, offset]
    return [*place, purpose.value, batch, events, passed, withheld or {}]


def put_accounts(client: Any, *rows: list[Any]) -> None:
    place = ["topic", "topic_id", "partition", "offset"]
    columns = [*place, "purpose", "batch", "event_count", "passed_count", "withheld"]
    client.insert("governance.accounting", rows, column_names=columns)


def in_the_books(epoch: int, batch: int) -> int:
    return account_id(RING.numbered(epoch), batch)


def told(found: Any) -> set[tuple[str, str, str]]:
    return {(each["topic_id"], each["offset"], each["purpose"]) for each in records(found)}


def test_every_message_that_was_found_has_its_accounts_and_nobody_elses(tables: Any) -> None:
    put_accounts(
        tables,
        account(5, passed=3),
        account(5, ANALYTICS, withheld={"withdrawn": 3}),
        account(6, passed=9),  # somebody else's
        account(5, passed=9, topic_id="the topic that had the name before"),
    )
    case = case_of(tables, raw=RAW)
    case.places[0] = [5]
    here = RAW.topic_id
    assert told(accounts(case, unseen)) == {(here, "5", TRAINING), (here, "5", ANALYTICS)}
    assert dict(case.outcomes[TRAINING]) == {"passed": 3}
    assert dict(case.outcomes[ANALYTICS]) == {"passed": 0, "withdrawn": 3}


def test_messages_that_kafka_has_dropped_are_found_by_the_rows_they_led_to(tables: Any) -> None:
    put_training(tables, training_row(ANNA, 1, 11), training_row(BJORN, 1, 21))
    put_partials(tables, partial_row(ANNA, 2, 12))
    put_accounts(
        tables,
        account(1, TRAINING, in_the_books(1, 11), passed=4, topic_id="old"),
        account(2, TRAINING, in_the_books(1, 21), passed=4, topic_id="old"),
        account(3, ANALYTICS, in_the_books(2, 12), passed=2, topic_id="old"),
        account(4, TRAINING, in_the_books(2, 11), passed=4, topic_id="old"),  # of another epoch
    )
    case = case_of(tables, raw=RAW)
    assert told(accounts(case, unseen)) == {("old", "1", TRAINING), ("old", "3", ANALYTICS)}
    assert (case.outcomes[TRAINING]["passed"], case.outcomes[ANALYTICS]["passed"]) == (4, 2)


def test_what_is_found_in_both_ways_is_there_once(tables: Any) -> None:
    put_training(tables, training_row(ANNA, 1, 11))
    put_accounts(tables, account(5, TRAINING, in_the_books(1, 11), passed=4))
    case = case_of(tables, raw=RAW)
    case.places[0] = [5]
    assert len(records(accounts(case, unseen))) == 1
    assert case.outcomes[TRAINING]["passed"] == 4


def test_more_messages_than_one_question_takes_are_all_found(tables: Any) -> None:
    tables.command(
        "INSERT INTO governance.accounting (topic, topic_id, partition, `offset`, purpose, "
        "event_count, passed_count) SELECT 'interactions.raw', {topic_id:String}, 0, number, "
        "'agent_training', 1, 1 FROM numbers(5000)",
        parameters={"topic_id": RAW.topic_id},
    )
    case = case_of(tables, raw=RAW)
    case.places[0] = list(range(0, 5_000, 2))
    assert len(records(accounts(case, unseen))) == 2_500
    assert case.outcomes[TRAINING]["passed"] == 2_500


def test_dead_letters_are_those_of_the_persons_messages_alone(tables: Any) -> None:
    tables.insert(
        "governance.dead_letters",
        [
            ["interactions.raw", RAW.topic_id, 0, 5, "unequal_columns", to_datetime(NOW_MS)],
            ["interactions.raw", RAW.topic_id, 1, 5, "undecodable", to_datetime(NOW_MS)],
            ["interactions.raw", "old", 0, 5, "undecodable", to_datetime(NOW_MS)],
        ],
        column_names=["topic", "topic_id", "partition", "offset", "reason", "message_time"],
    )
    case = case_of(tables, raw=RAW)
    assert records(dead_letters(case, unseen)) == []
    case.places[0] = [5]
    (letter,) = records(dead_letters(case, unseen))
    assert (letter["partition"], letter["offset"], letter["reason"]) == (0, "5", "unequal_columns")
