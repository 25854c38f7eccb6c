"""Reconcile proves a good run and finds every kind of fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from events.outcomes import Rejected
from events.purposes import Purpose
from events.settings import Settings
from sinks.evidence import Accounted, Evidence, Faults, Span, Stored, gather
from sinks.prove import prove
from sinks.reconcile import Check, Kept, lacking, reconcile
from sinks.totals import Totals, totals
from tests.sinks.made import (
    DAY_MS,
    TOPIC_ID,
    Batch,
    Sent,
    accounted,
    org,
    partials,
    refused,
    run_of,
    training,
    whole,
)
from tests.sinks.test_identity import insert

BATCHES = org(people=5, batches_each=4)
RUN = run_of(BATCHES, partitions=2, take=3)
EVENTS = sum(batch.events for batch in BATCHES)


def _failed(checks: Sequence[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks if not check.ok}


def _prove(client: Any) -> dict[str, Check]:
    return _failed(prove(client, Settings())[0])


def _delete(client: Any, table: str, where: str) -> None:
    client.command(f"SYSTEM START MERGES {table}")
    client.command(f"DELETE FROM {table} WHERE {where}", settings={"lightweight_deletes_sync": 2})


# Pure.


def _evidence(*spans: Span) -> Evidence:
    nothing = dict.fromkeys(Purpose, Stored({}, 0, 0, 0))
    return Evidence(
        spans, Faults(), Faults(), dict.fromkeys(Purpose, Accounted({})), nothing, Faults()
    )


def _spans(**changed: Any) -> list[Span]:
    same = {"source": ("id", 0), "messages": 10, "end": 10, "gaps": ()}
    return [Span(**{**same, "purpose": purpose.value, **changed}) for purpose in Purpose]


def test_a_whole_partition_holds() -> None:
    assert _failed(reconcile(_evidence(*_spans()), {})) == {}
    assert _failed(reconcile(_evidence(*_spans()), {("id", 0): Kept(4, 10)})) == {}


def test_messages_at_the_end_of_the_topic_that_nobody_judged_are_named() -> None:
    failed = _failed(reconcile(_evidence(*_spans()), {("id", 0): Kept(0, 13)}))
    check = failed["messages accounted for agent_training"]
    assert (check.expected, check.found) == (13, 10)
    assert check.details == (
        "topic id id, partition 0: offsets 10 to 12 (3 messages) are not accounted",
    )


def test_a_partition_nobody_read_is_named() -> None:
    failed = _failed(reconcile(_evidence(*_spans()), {("id", 1): Kept(0, 2)}))
    assert (
        "partition 1: offsets 0 to 1" in failed["messages accounted for team_analytics"].details[0]
    )


def test_messages_that_kafka_deleted_unread_are_named_as_such() -> None:
    spans = _spans(messages=7, gaps=((0, 2),))
    failed = _failed(reconcile(_evidence(*spans), {("id", 0): Kept(5, 10)}))
    details = failed["messages accounted for agent_training"].details
    assert details[0].endswith("(deleted from Kafka before they were judged)")


def test_of_two_purposes_the_one_that_lacks_the_end_is_named() -> None:
    first, second = _spans()
    short = Span(second.source, second.purpose, 8, 8, ())
    assert list(_failed(reconcile(_evidence(first, short), {}))) == [
        f"messages accounted for {second.purpose}"
    ]


def test_many_gaps_are_not_all_listed() -> None:
    gaps = tuple((offset, offset) for offset in range(0, 200, 2))
    failed = _failed(reconcile(_evidence(*_spans(messages=100, end=200, gaps=gaps)), {}))
    details = failed["messages accounted for agent_training"].details
    assert len(details) == 6
    assert details[-1] == "topic id id, partition 0: and 95 more gaps"


def test_batches_are_compared_by_size() -> None:
    assert lacking({256: 4, 10: 1}, {256: 3, 250: 1, 10: 1}) == ({256: 1}, {250: 1})
    assert lacking({1: 2}, {1: 2}) == ({}, {})


# Against the engine.


@pytest.mark.service
def test_a_good_run_holds_and_its_totals_add_up(tables: Any) -> None:
    insert(tables, RUN)
    checks, unmerged = prove(tables, Settings())
    assert _failed(checks) == {}
    assert set(unmerged.values()) == {0}
    found = totals(tables)
    for purpose in Purpose:
        one = found[purpose]
        assert one.passed == EVENTS
        assert one.events_in == one.passed + sum([*one.withheld.values(), *one.rejected.values()])
        assert one.withheld == {"paused": sum(batch.withheld for batch in BATCHES)}
    assert totals(tables, TOPIC_ID) == found
    assert totals(tables, "another") == dict.fromkeys(Purpose, Totals())


def _run_with_copies(batch: Batch, copies: int) -> list[Sent]:
    """A dead letter at offset 0, and its copies, that became ``batch``."""
    refusals = [whole(0, purpose, 0) for purpose in Purpose]
    accounts = [
        accounted([batch], at, purpose, redriven_offset=[at], redriven_from=[0])
        for purpose in Purpose
        for at in range(1, copies + 1)
    ]
    return [refused([0], Rejected.UNKNOWN_SCHEMA), *refusals, *accounts]


@pytest.mark.service
@pytest.mark.parametrize("copies", [1, 2])
def test_a_dead_letter_that_was_published_again_counts_where_its_copy_is(
    tables: Any, copies: int
) -> None:
    batch = Batch(1, rejected=2)
    insert(tables, [*_run_with_copies(batch, copies), training([batch]), partials([batch])])
    assert _prove(tables) == {}
    outcome = Totals(6, 4, {}, {"coordinate_out_of_range": 2})
    assert totals(tables) == dict.fromkeys(Purpose, outcome)


@pytest.mark.service
def test_a_copy_that_is_refused_again_counts_once(tables: Any) -> None:
    second = Batch(batch=-9_000_000, actions=(), rejected=1)
    insert(tables, [whole(0, purpose, 0) for purpose in Purpose])
    copied: dict[str, Any] = {"redriven_offset": [1], "redriven_from": [0]}
    insert(tables, [accounted([second], 1, purpose, **copied) for purpose in Purpose])
    assert {one.events_in for one in totals(tables).values()} == {1}


@pytest.mark.service
def test_a_header_that_names_a_sound_message_takes_nothing_from_the_totals(tables: Any) -> None:
    for purpose in Purpose:
        insert(tables, [accounted([Batch(1)], 0, purpose)])
        forged: dict[str, Any] = {"redriven_offset": [1], "redriven_from": [0]}
        insert(tables, [accounted([Batch(2)], 1, purpose, **forged)])
    assert {one.events_in for one in totals(tables).values()} == {8}


@pytest.mark.service
def test_an_empty_warehouse_holds(tables: Any) -> None:
    assert _prove(tables) == {}


@pytest.mark.service
def test_a_run_that_was_loaded_twice_holds_and_tells_what_waits_to_be_merged(tables: Any) -> None:
    insert(tables, RUN)
    insert(tables, RUN)
    checks, unmerged = prove(tables, Settings())
    assert _failed(checks) == {}
    assert unmerged == {
        "training.interactions": EVENTS,
        "analytics.window_partials": len(BATCHES),
    }


@pytest.mark.service
def test_a_batch_that_was_published_twice_counts_once(tables: Any) -> None:
    insert(tables, RUN)
    end = max(span.end for span in gather(tables, DAY_MS).spans if span.source[1] == 0)
    twin = next(batch for batch in BATCHES if batch.person == 2)
    insert(tables, [training([twin]), partials([twin])])
    insert(tables, [accounted([twin], end, purpose) for purpose in Purpose])
    assert _prove(tables) == {}


@pytest.mark.service
def test_rows_deleted_by_hand_are_found_with_their_day(tables: Any) -> None:
    insert(tables, RUN)
    _delete(tables, "training.interactions", "batch = 1003 AND action != 'move'")
    failed = _prove(tables)
    assert set(failed) == {"events in training.interactions", "batches in training.interactions"}
    rows = failed["events in training.interactions"]
    assert rows.expected - rows.found == 4
    details = failed["batches in training.interactions"].details
    assert "1 batches of 7 events missing" in details
    assert "1 batches of 3 events too many" in details
    assert any("too many are on 2026-09-22 (1 batches)" in detail for detail in details)


@pytest.mark.service
def test_a_whole_batch_deleted_by_hand_is_found(tables: Any) -> None:
    insert(tables, RUN)
    _delete(tables, "training.interactions", "batch = 1002")
    details = _prove(tables)["batches in training.interactions"].details
    assert "1 batches of 6 events missing" in details
    assert any("skip batches (missing or withheld) on 2026-09-22 (1" in each for each in details)


@pytest.mark.service
def test_partials_deleted_by_hand_are_found(tables: Any) -> None:
    insert(tables, RUN)
    _delete(tables, "analytics.window_partials", "pseudonym = 3001")
    failed = _prove(tables)
    assert set(failed) == {
        "events in analytics.window_partials",
        "batches in analytics.window_partials",
    }


@pytest.mark.service
def test_accounts_deleted_by_hand_are_found_with_their_offsets(tables: Any) -> None:
    insert(tables, RUN)
    _delete(
        tables,
        "governance.accounting",
        "purpose = 'team_analytics' AND partition = 1 AND `offset` IN (0, 4, 5)",
    )
    failed = _prove(tables)
    details = failed["messages accounted for team_analytics"].details
    where = f"topic id {TOPIC_ID}, partition 1: offsets"
    assert details == (
        f"{where} 0 to 0 (1 messages) are not accounted",
        f"{where} 4 to 5 (2 messages) are not accounted",
    )
    assert "messages accounted for agent_training" not in failed


@pytest.mark.service
def test_an_account_that_does_not_balance_is_found(tables: Any) -> None:
    insert(tables, RUN)
    wrong = np.array([99], "<u4").tobytes()
    batch = Batch(1, actions=(), withheld=1)
    for purpose in Purpose:
        insert(tables, [accounted([batch], 11, purpose, event_count=wrong)])
    check = _prove(tables)["accounts that do not balance"]
    assert check.found == 2
    assert check.details[0] == f"topic id {TOPIC_ID}, partition 0, offset 11, agent_training"


@pytest.mark.service
def test_purposes_that_differ_about_a_message_are_found(tables: Any) -> None:
    for purpose, withheld in zip(Purpose, (1, 2), strict=True):
        insert(tables, [accounted([Batch(1, actions=(), withheld=withheld)], 0, purpose)])
    check = _prove(tables)["accounts that differ between purposes"]
    assert check.details == (f"topic id {TOPIC_ID}, partition 0, offset 0",)


@pytest.mark.service
def test_a_partial_whose_counts_do_not_add_up_is_found(tables: Any) -> None:
    batch = Batch(1)
    insert(tables, [training([batch]), partials([batch], move_count=np.array([1]))])
    insert(tables, [accounted([batch], 0, purpose) for purpose in Purpose])
    failed = _prove(tables)
    assert list(failed) == ["partials that do not add up"]
    assert failed["partials that do not add up"].details == (
        "window 2026-09-22 00:00:00 UTC, 1 partials",
    )


@pytest.mark.service
def test_an_event_that_is_in_two_places_is_found(tables: Any) -> None:
    batch = Batch(1)
    moved = training([batch], session=np.array([777]))
    insert(tables, [training([batch]), moved, partials([batch])])
    insert(tables, [accounted([batch], 0, purpose) for purpose in Purpose])
    check = _prove(tables)["rows in one place in training.interactions"]
    assert (check.expected, check.found) == (8, 4)
