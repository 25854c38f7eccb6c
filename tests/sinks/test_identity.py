"""Any order of messages, with any of them repeated, cut into any blocks, gives the same tables."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.purposes import Purpose
from events.topics import Topic
from sinks.block import Gathering
from sinks.chain.head import Heads
from sinks.coordinates import Coordinates
from sinks.decode import TABLES, rows_of
from sinks.erased import Erased
from sinks.insert import Inserter
from sinks.tables.accounting_chain import TABLE as CHAIN
from tests.sinks.fakes import FakeSource, Log
from tests.sinks.made import CODEC, Batch, Sent, accounted, org, partials, run_of, training

RUN = run_of(org(people=5, batches_each=4), partitions=2, take=3)


def insert(
    client: Any, sent: list[Sent], cuts: random.Random | None = None, first: int = 0
) -> None:
    """Insert ``sent`` as the loader does, in blocks that end at random, or in one. Their offsets
    are ``first`` and what follows."""
    gathering, inserter = Gathering(), Inserter(client, 1.0, sift=Erased(client).kept_out)
    heads = Heads(FakeSource(Log()), client)
    for offset, message in enumerate(sent, first):
        at = Coordinates(message.topic, "id", message.partition, offset, message.time_ms)
        if message.topic is Topic.ACCOUNTING:
            heads.begin(at)
        gathering.add(at, heads.sealed(at, rows_of(CODEC, at, message.value)), 0.0)
        if cuts is not None and cuts.random() < 0.2:
            inserter.insert(gathering.take())
    inserter.insert(gathering.take())


def contents(client: Any) -> dict[str, list[Any]]:
    """Of every table but the chain, which is the order of messages itself."""
    return {
        table: client.query(f"SELECT * FROM {table} FINAL ORDER BY ALL").result_rows
        for table in TABLES
        if table != CHAIN
    }


def _empty(client: Any) -> None:
    for table in TABLES:
        client.command(f"TRUNCATE TABLE {table}")


@pytest.mark.service
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    order=st.randoms(use_true_random=False),
    repeats=st.lists(st.sampled_from(range(len(RUN))), max_size=len(RUN)),
)
def test_any_order_with_any_repeats_gives_the_same_tables(
    tables: Any, order: random.Random, repeats: list[int]
) -> None:
    _empty(tables)
    insert(tables, RUN)
    expected = contents(tables)
    _empty(tables)
    shuffled = [*RUN, *(RUN[index] for index in repeats)]
    order.shuffle(shuffled)
    insert(tables, shuffled, order)
    assert contents(tables) == expected


@pytest.mark.service
def test_rows_that_came_twice_are_gone_once_parts_merge(tables: Any) -> None:
    insert(tables, RUN)
    once = {table: tables.command(f"SELECT count() FROM {table}") for table in TABLES}
    insert(tables, RUN)
    for table in TABLES:
        tables.command(f"SYSTEM START MERGES {table}")
        tables.command(f"OPTIMIZE TABLE {table} FINAL")
        assert tables.command(f"SELECT count() FROM {table}") == once[table]


@pytest.mark.service
def test_the_attempt_that_passed_most_wins_in_any_order(tables: Any) -> None:
    passed = accounted([Batch(1, actions=(0,) * 4)], 0, Purpose.AGENT_TRAINING)
    judged_again = accounted([Batch(1, actions=(), withheld=4)], 0, Purpose.AGENT_TRAINING)
    for sent in ([passed, judged_again], [judged_again, passed]):
        _empty(tables)
        for message in sent:
            insert(tables, [message])
        rows = tables.query(
            "SELECT passed_count, withheld FROM governance.accounting FINAL"
        ).result_rows
        assert [tuple(row) for row in rows] == [(4, {})]


@pytest.mark.service
def test_a_change_of_tick_grid_or_allow_list_does_not_make_another_row(tables: Any) -> None:
    batch = Batch(1, gap_ms=10)
    later = replace(batch, gap_ms=20, application="other")
    insert(tables, [training([batch]), partials([batch])])
    insert(tables, [training([later]), partials([later])])
    count = "SELECT count(), any(application) FROM {} FINAL"
    for table, rows in (("training.interactions", 4), ("analytics.window_partials", 1)):
        assert tables.query(count.format(table)).result_rows == [(rows, "other")]
