"""The loader puts links on the same chain, whoever loads, however often and from wherever."""

from __future__ import annotations

import random
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from confluent_kafka import KafkaError, KafkaException

import sinks.loader
from events.chain import BEGINNING
from events.errors import Retry, Stop
from events.topics import Topic
from sinks.chain.head import Heads, hash_noted
from sinks.coordinates import Coordinates
from sinks.tables.accounting_chain import TABLE
from tests.sinks.fakes import FakeClient, FakeSource, Faults, Killed, Log
from tests.sinks.made import Sent
from tests.sinks.test_loader import RUN, _in_small_blocks, _load, _loader, _run_until

BAD = Sent(Topic.ACCOUNTING, 1, b"\xc3\x01nothing")
BOOKS = [(message.partition, message) for message in RUN if message.topic is Topic.ACCOUNTING]


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks.loader, "_AWAY_S", 0.01)


def links(client: FakeClient) -> dict[tuple[int, int], set[tuple[str, str]]]:
    """(previous, hash) of each link by its place."""
    found: dict[tuple[int, int], set[tuple[str, str]]] = {}
    for table, rows in client.inserted:
        if table == TABLE:
            for row in rows.to_pylist():
                place = row["partition"], row["offset"]
                found.setdefault(place, set()).add((row["previous"], row["hash"]))
    return found


@pytest.fixture(scope="module")
def truth() -> dict[tuple[int, int], set[tuple[str, str]]]:
    client = FakeClient()
    _load(Log.of(RUN), client)
    return links(client)


def test_each_message_of_the_accounting_is_chained_to_the_one_before_it(
    truth: dict[tuple[int, int], set[tuple[str, str]]],
) -> None:
    assert len(truth) == len(BOOKS)
    for partition in (0, 1):
        before = BEGINNING
        for place in sorted(place for place in truth if place[0] == partition):
            ((previous, own),) = truth[place]
            assert previous == before != own
            before = own


@pytest.mark.parametrize("keeps_notes", [True, False])
@pytest.mark.parametrize("number", [1, 3, 6, 9, 14])
@pytest.mark.parametrize("what", ["insert", "commit"])
def test_a_loader_that_goes_on_in_the_middle_makes_the_same_chain(
    what: str,
    number: int,
    keeps_notes: bool,
    truth: dict[tuple[int, int], set[tuple[str, str]]],
) -> None:
    log, client = Log.of(RUN), FakeClient()
    log.keeps_notes = keeps_notes
    client.faults = faults = Faults({(what, number, "after"): Killed()})
    with pytest.raises(Killed):
        loader = _in_small_blocks(_loader(FakeSource(log, faults), client))
        _run_until(loader, log.is_saved)
    client.faults = Faults()
    _load(log, client)
    assert links(client) == truth
    if keeps_notes:
        assert "query" not in client.faults.counts, "Kafka knows where the chain is"


def test_a_loader_behind_another_makes_the_same_chain(
    truth: dict[tuple[int, int], set[tuple[str, str]]],
) -> None:
    client = FakeClient()
    behind, ahead = Log.of(RUN), Log.of(RUN)
    _load(ahead, client)
    _load(behind, client)
    assert links(client) == truth


def test_offsets_with_gaps_are_one_chain() -> None:
    source, client = FakeSource(Log()), FakeClient()
    heads, chooser = Heads(source, client), random.Random(7)
    before, offset = BEGINNING, 0
    for partition, message in BOOKS:
        if partition:
            continue
        offset += chooser.choice((1, 2, 3))
        before = _seal(heads, message, offset, before)


def _seal(heads: Heads, message: Sent, offset: int, expected: str) -> str:
    from sinks.decode import rows_of
    from tests.sinks.made import CODEC

    at = Coordinates(Topic.ACCOUNTING, "id", 0, offset, 0)
    heads.begin(at)
    (row,) = heads.sealed(at, rows_of(CODEC, at, message.value))[TABLE].to_pylist()
    assert row["previous"] == expected
    assert heads.note(at.key) == f"id {row['hash']}"
    return str(row["hash"])


def test_a_message_that_cannot_be_read_is_no_link_and_takes_nothing_from_the_chain(
    truth: dict[tuple[int, int], set[tuple[str, str]]],
) -> None:
    log, client = Log.of([*RUN, BAD]), FakeClient()
    _load(log, client)
    assert links(client) == truth
    newest = max(place for place in truth if place[0] == 1)
    ((_, head),) = truth[newest]
    note = log.notes[Topic.ACCOUNTING, 1]
    assert hash_noted(note, f"id-of-{Topic.ACCOUNTING.value}") == head
    assert log.committed[Topic.ACCOUNTING, 1] == newest[1] + 2


@pytest.mark.parametrize("note", [None, "", "id", "id a b", "another a", "a id"])
def test_a_note_that_is_not_of_this_topic_counts_for_nothing(note: str | None) -> None:
    assert hash_noted(note, "id") == ""
    assert hash_noted("id a", "id") == "a"


def _begin(committed: int, at: int, client: FakeClient, kafka: BaseException | None = None) -> str:
    log = Log()
    log.committed[Topic.ACCOUNTING, 0] = committed
    log.notes[Topic.ACCOUNTING, 0] = "id noted"
    heads = Heads(FakeSource(log, Faults(always={"committed": kafka} if kafka else {})), client)
    heads.begin(Coordinates(Topic.ACCOUNTING, "id", 0, at, 0))
    return heads.note((Topic.ACCOUNTING, 0))


def test_a_note_of_somebody_who_came_after_us_is_not_ours() -> None:
    assert _begin(5, 5, FakeClient()) == "id noted"
    assert _begin(5, 8, FakeClient()) == "id noted", "control records and expired ones leave gaps"
    assert _begin(5, 4, FakeClient()) == f"id {BEGINNING}"


def test_servers_that_are_away_are_asked_again_and_one_that_refuses_is_not() -> None:
    with pytest.raises(Retry, match="group's offset"):
        _begin(5, 5, FakeClient(), KafkaException(KafkaError(KafkaError._TIMED_OUT)))
    away: dict[str, Any] = {"query": OperationalError("away")}
    with pytest.raises(Retry, match="last link"):
        _begin(5, 4, FakeClient(Faults(always=away)))
    denied: dict[str, Any] = {"query": DatabaseError("no", code=497, name="ACCESS_DENIED")}
    with pytest.raises(Stop, match=r"497 ACCESS_DENIED.*glasshouse migrate"):
        _begin(5, 4, FakeClient(Faults(always=denied)))


def test_a_loader_waits_for_clickhouse_to_tell_where_a_chain_is(
    truth: dict[tuple[int, int], set[tuple[str, str]]],
) -> None:
    log, client = Log.of(RUN), FakeClient()
    log.keeps_notes = False
    faults = Faults({("query", number, "before"): OperationalError("away") for number in (1, 2)})
    client.faults = faults
    log.committed = {key: 2 if key[0] is Topic.ACCOUNTING else 0 for key in log.messages}
    _load(log, client)
    assert faults.counts["query"] == 4
    assert len(links(client)) == len(BOOKS) - 4


def test_a_loader_that_finds_nothing_new_leaves_the_notes_as_they_are() -> None:
    log, client, faults = Log.of(RUN), FakeClient(), Faults()
    _load(log, client)
    noted = dict(log.notes)
    assert all(noted[Topic.ACCOUNTING, partition] for partition in (0, 1))
    again = _loader(FakeSource(log, faults), client)
    _run_until(again, lambda: faults.counts.get("commit", 0) > 0)
    assert faults.counts["commit"] > 0
    assert log.notes == noted
