"""What analysts see, and what they do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from events.purposes import Purpose
from sinks.coordinates import Coordinates
from sinks.decode import rows_of
from sinks.views import GROUP_VIEWS
from tests.sinks.made import CODEC, DAY_MS, Batch, Sent, accounted, partials

pytestmark = pytest.mark.service

K = 10


@pytest.fixture(autouse=True)
def _limit(tables: Any) -> Iterator[None]:
    """The policy's limit is in force again after each test."""
    yield
    tables.command("TRUNCATE TABLE analytics.group_limit")
    tables.command(f"INSERT INTO analytics.group_limit (smallest_group) VALUES ({K})")


def _put(client: Any, *sent: Sent) -> None:
    for message in sent:
        at = Coordinates(message.topic, "id", message.partition, 0, message.time_ms)
        for table, rows in rows_of(CODEC, at, message.value).items():
            client.insert_arrow(table, rows)


def _team(people: int, **changed: Any) -> list[Batch]:
    return [replace(Batch(person, person=person), **changed) for person in range(1, people + 1)]


def _seen(client: Any, view: str = "team_minutes") -> list[dict[str, Any]]:
    return list(client.query(f"SELECT * FROM analytics.{view}").named_results())


@pytest.mark.parametrize("view", [each.view for each in GROUP_VIEWS])
def test_a_group_shows_from_k_people_on(tables: Any, view: str) -> None:
    _put(tables, partials(_team(K - 1)))
    assert _seen(tables, view) == []
    _put(tables, partials(_team(K)))
    (row,) = _seen(tables, view)
    assert (row["people"], row["events"], row["moves"], row["presses"]) == (K, 4 * K, 2 * K, K)
    assert row["path_px"] == 12 * K
    assert row["origin"] == "simulated"


@pytest.mark.parametrize("view", [each.view for each in GROUP_VIEWS])
def test_no_view_has_a_pseudonym_a_session_or_a_batch(tables: Any, view: str) -> None:
    _put(tables, partials(_team(K)))
    (row,) = _seen(tables, view)
    assert not {"pseudonym", "session", "batch", "epoch"} & set(row)
    assert not any(str(3_001) in str(value) for value in row.values())


@pytest.mark.parametrize("view", [each.view for each in GROUP_VIEWS])
def test_without_a_limit_nothing_shows(tables: Any, view: str) -> None:
    _put(tables, partials(_team(100)))
    assert len(_seen(tables, view)) == 1
    tables.command("TRUNCATE TABLE analytics.group_limit")
    assert _seen(tables, view) == []


def test_a_limit_below_two_is_refused(tables: Any) -> None:
    with pytest.raises(Exception, match="VIOLATED_CONSTRAINT"):
        tables.command("INSERT INTO analytics.group_limit (smallest_group) VALUES (1)")


def test_one_person_with_many_batches_is_one_person(tables: Any) -> None:
    _put(tables, partials([Batch(number, person=1) for number in range(1, 50)]))
    assert _seen(tables) == []


def test_a_person_with_a_new_pseudonym_in_a_new_epoch_does_not_count_twice(tables: Any) -> None:
    half = K // 2
    both = [*_team(half), *[replace(each, batch=each.batch + 500, epoch=1) for each in _team(half)]]
    _put(tables, partials(both))
    assert _seen(tables, "team_days") == []
    _put(tables, partials(_team(K)))
    (row,) = _seen(tables, "team_days")
    assert (row["people"], row["events"]) == (K, 4 * K + 4 * half)


def test_repeated_partials_count_once_before_any_merge(tables: Any) -> None:
    for _ in range(3):
        _put(tables, partials(_team(K)))
    assert tables.command("SELECT count() FROM analytics.window_partials") == 3 * K
    assert [(row["people"], row["events"]) for row in _seen(tables)] == [(K, 4 * K)]


def test_a_late_batch_corrects_its_window(tables: Any) -> None:
    _put(tables, partials(_team(K)))
    _put(tables, partials([Batch(999, person=1)]))
    assert [row["events"] for row in _seen(tables)] == [4 * K + 4]


def test_longer_windows_are_sums_of_the_shorter_ones(tables: Any) -> None:
    hour_ms = 3_600_000
    for number in range(30):
        at_ms = DAY_MS + number * hour_ms // 4
        batches = [replace(each, batch=each.batch + 1_000 * number) for each in _team(K)]
        _put(tables, partials([replace(each, base_time_ms=at_ms) for each in batches]))
    for view in ("team_minutes", "team_5_minutes", "team_hours", "team_days"):
        assert sum(row["events"] for row in _seen(tables, view)) == 30 * 4 * K
    assert len(_seen(tables, "team_hours")) == 8
    assert len(_seen(tables, "team_days")) == 1
    assert str(_seen(tables, "team_days")[0]["window_start"]).startswith("2026-09-22 00:00:00")


def test_groups_are_apart_by_team_and_application(tables: Any) -> None:
    _put(tables, partials(_team(K)))
    other = [
        replace(each, batch=each.batch + 100, team="b", application="email") for each in _team(3)
    ]
    _put(tables, partials(other))
    assert [row["team"] for row in _seen(tables, "team_hours")] == ["team-a"]
    assert [row["application"] for row in _seen(tables, "application_hours")] == ["browser"]


def _watermark(client: Any, at_ms: int, partition: int, topic_id: str, told_ms: int) -> None:
    sent = accounted([Batch(1)], 0, Purpose.TEAM_ANALYTICS, partition, topic_id, watermark_ms=at_ms)
    _put(client, replace(sent, time_ms=told_ms))


def test_a_window_is_complete_once_every_partition_is_past_its_end(tables: Any) -> None:
    _put(tables, partials(_team(K)))

    def complete() -> list[bool]:
        return [row["complete"] for row in _seen(tables)]

    assert complete() == [False]
    _watermark(tables, DAY_MS + 60_000, 0, "new", told_ms=20)
    assert complete() == [True]
    _watermark(tables, DAY_MS + 59_999, 1, "new", told_ms=21)
    assert complete() == [False]
    _watermark(tables, DAY_MS + 60_000, 1, "new", told_ms=22)
    assert complete() == [True]
    _watermark(tables, DAY_MS, 1, "new", told_ms=23)
    assert complete() == [True], "a watermark never goes back"
    _watermark(tables, 0, 0, "old", told_ms=5)
    assert complete() == [True], "a topic that is no longer in use holds nothing up"


@pytest.mark.parametrize("view", [each.view for each in GROUP_VIEWS])
def test_an_analysts_filter_reads_only_the_days_it_names(tables: Any, view: str) -> None:
    for day in range(20):
        at_ms = DAY_MS + day * 86_400_000
        _put(tables, partials([replace(each, base_time_ms=at_ms) for each in _team(2)]))
    plan = tables.query(
        f"EXPLAIN indexes = 1 SELECT * FROM analytics.{view} WHERE window_start >= '2026-10-10'"
    ).result_rows
    assert any("Parts: 2/" in str(row[0]) for row in plan)


def test_wide_counts_do_not_overflow(tables: Any) -> None:
    most = np.full(K, 2**32 - 1)
    _put(tables, partials(_team(K), path_px=most))
    assert [row["path_px"] for row in _seen(tables)] == [K * (2**32 - 1)]
