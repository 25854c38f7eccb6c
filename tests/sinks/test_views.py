"""What analysts see, and what they do not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from typing import Any

import numpy as np
import pytest

from events.clock import FixedClock
from events.purposes import Purpose
from sinks.coordinates import Coordinates
from sinks.decode import rows_of, unfolded
from sinks.reports import TABLE, Reporter, due, make, make_all
from sinks.sql import Placement
from sinks.views import GROUP_VIEWS, view_statements
from sinks.views.measures import MEASURES
from tests.differencing.rules import Contribution, Row, reports_of
from tests.sinks.made import CODEC, DAY_MS, Batch, Sent, accounted, partials

pytestmark = pytest.mark.service

K = 10
HOUR_MS = 3_600_000


@pytest.fixture(autouse=True)
def _limit(tables: Any) -> Iterator[None]:
    """No report was made yet, and the policy's limit is in force again after each test."""
    tables.command(f"TRUNCATE TABLE {TABLE}")
    yield
    tables.command("TRUNCATE TABLE analytics.group_limit")
    tables.command(f"INSERT INTO analytics.group_limit (smallest_group) VALUES ({K})")


def _put(client: Any, *sent: Sent) -> None:
    for message in sent:
        at = Coordinates(message.topic, "id", message.partition, 0, message.time_ms)
        for table, rows in rows_of(CODEC, at, message.value).items():
            client.insert_arrow(table, unfolded(table, rows))


def _team(people: int, **changed: Any) -> list[Batch]:
    return [replace(Batch(person, person=person), **changed) for person in range(1, people + 1)]


def _seen(client: Any, view: str = "team_minutes") -> list[dict[str, Any]]:
    return list(client.query(f"SELECT * FROM analytics.{view}").named_results())


def _made_anew(client: Any) -> None:
    client.command(f"TRUNCATE TABLE {TABLE}")
    make_all(client)


VIEWS = [each.view for each in GROUP_VIEWS]


@pytest.mark.parametrize("people", [K - 1, K])
def test_a_group_shows_from_k_people_on(tables: Any, people: int) -> None:
    _put(tables, partials(_team(people)))
    make_all(tables)
    for view in VIEWS:
        if people < K:
            assert _seen(tables, view) == []
            continue
        (row,) = _seen(tables, view)
        assert (row["people"], row["events"], row["moves"]) == (K, 4 * K, 2 * K)
        assert (row["presses"], row["scrolls"]) == (K, None)
        assert row["origin"] == "simulated"


def test_nothing_shows_before_a_report_was_made(tables: Any) -> None:
    _put(tables, partials(_team(100)))
    assert [_seen(tables, view) for view in VIEWS] == [[]] * len(VIEWS)


def test_no_view_has_a_pseudonym_a_session_or_a_batch(tables: Any) -> None:
    _put(tables, partials(_team(K)))
    make_all(tables)
    for view in VIEWS:
        (row,) = _seen(tables, view)
        assert not {"pseudonym", "session", "batch", "epoch"} & set(row)
        assert not any(str(3_001) in str(value) for value in row.values())


def test_what_analysts_read_is_made_of_reports_alone() -> None:
    made = re.compile(r"CREATE OR REPLACE VIEW analytics\.(\w+)")
    texts = {
        found[1]: text for text in view_statements(Placement(), True) if (found := made.match(text))
    }
    for view in VIEWS:
        assert re.findall(r"FROM (\S+)", texts[view]) == [TABLE]


def test_without_a_limit_nothing_is_made(tables: Any) -> None:
    _put(tables, partials(_team(100)))
    tables.command("TRUNCATE TABLE analytics.group_limit")
    make_all(tables)
    assert [_seen(tables, view) for view in VIEWS] == [[]] * len(VIEWS)


def test_a_limit_below_two_is_refused(tables: Any) -> None:
    with pytest.raises(Exception, match="VIOLATED_CONSTRAINT"):
        tables.command("INSERT INTO analytics.group_limit (smallest_group) VALUES (1)")


def test_one_person_with_many_batches_is_one_person(tables: Any) -> None:
    _put(tables, partials([Batch(number, person=1) for number in range(1, 50)]))
    make_all(tables)
    assert _seen(tables) == []


def test_a_person_with_a_new_pseudonym_in_a_new_epoch_does_not_count_twice(tables: Any) -> None:
    half = K // 2
    both = [*_team(half), *[replace(each, batch=each.batch + 500, epoch=1) for each in _team(half)]]
    _put(tables, partials(both))
    make_all(tables)
    assert _seen(tables, "team_days") == []
    _put(tables, partials(_team(K)))
    _made_anew(tables)
    (row,) = _seen(tables, "team_days")
    assert row["people"] == K


def test_repeated_partials_count_once_before_any_merge(tables: Any) -> None:
    for _ in range(3):
        _put(tables, partials(_team(K)))
    assert tables.command("SELECT count() FROM analytics.window_partials") == 3 * K
    make_all(tables)
    assert [(row["people"], row["events"]) for row in _seen(tables)] == [(K, 4 * K)]


def test_a_person_who_makes_most_of_a_sum_is_not_shown_by_it(tables: Any) -> None:
    heavy = np.full(K + 5, 10)
    heavy[0] = 1_000
    _put(tables, partials(_team(K + 5), path_px=heavy))
    make_all(tables)
    for view in VIEWS:
        (row,) = _seen(tables, view)
        assert row["events"] == 64
        assert row["path_px"] is None


def test_what_only_a_few_of_a_group_did_is_not_shown(tables: Any) -> None:
    some = np.array([7] * (K - 1) + [0] * 11)
    _put(tables, partials(_team(K + 10), wheel_steps=some))
    make_all(tables)
    assert [row["wheel_steps"] for row in _seen(tables)] == [None]


def test_figures_are_rounded_by_an_eighth_at_most_and_people_down_to_fives(tables: Any) -> None:
    paths = np.arange(1, 20) % 4 + 97
    _put(tables, partials(_team(19), path_px=paths))
    make_all(tables)
    (row,) = _seen(tables)
    assert row["people"] == 15
    assert row["path_px"] % 256 == 0
    assert abs(row["path_px"] - paths.sum()) <= paths.sum() / 8


@pytest.mark.parametrize("change", ["late", "joins", "erased"])
def test_a_report_never_changes_by_what_happens_to_one_person(tables: Any, change: str) -> None:
    _put(tables, partials(_team(K + 1)))
    make_all(tables)
    before = {view: _seen(tables, view) for view in VIEWS}
    if change == "late":
        _put(tables, partials([Batch(999, person=1)]))
    elif change == "joins":
        _put(tables, partials([Batch(999, person=999)]))
    else:
        tables.command("SYSTEM START MERGES analytics.window_partials")
        tables.command(
            "ALTER TABLE analytics.window_partials DELETE WHERE pseudonym = 3001 "
            "SETTINGS mutations_sync = 2"
        )
    make_all(tables)
    assert {view: _seen(tables, view) for view in VIEWS} == before


def test_of_two_who_make_a_unit_at_one_time_the_first_ones_figures_stand(tables: Any) -> None:
    _put(tables, partials(_team(K)))
    unit = next(unit for unit in due(tables, even_incomplete=True) if unit.report == "team_minutes")
    make(tables, unit)
    before = _seen(tables)
    _put(tables, partials(_team(3 * K)))
    make(tables, unit)
    assert _seen(tables) == before != []
    assert unit not in due(tables, even_incomplete=True)


def test_an_hour_of_nobody_who_can_be_shown_is_made_once_and_never_again(tables: Any) -> None:
    _put(tables, partials(_team(2)))
    assert make_all(tables) > 0
    assert make_all(tables) == 0
    assert tables.command(f"SELECT count() FROM {TABLE} WHERE name != ''") == 0


def test_groups_are_apart_by_team_and_application(tables: Any) -> None:
    _put(tables, partials(_team(K)))
    other = [
        replace(each, batch=each.batch + 100, team="b", application="email") for each in _team(3)
    ]
    _put(tables, partials(other))
    make_all(tables)
    assert [row["team"] for row in _seen(tables, "team_hours")] == ["team-a"]
    assert [row["application"] for row in _seen(tables, "application_hours")] == ["browser"]


def _watermark(client: Any, at_ms: int, partition: int, topic_id: str, told_ms: int) -> None:
    sent = accounted([Batch(1)], 0, Purpose.TEAM_ANALYTICS, partition, topic_id, watermark_ms=at_ms)
    _put(client, replace(sent, time_ms=told_ms))


def test_an_hour_is_due_once_every_partition_is_past_its_end(tables: Any) -> None:
    _put(tables, partials(_team(K)))

    def hours() -> int:
        return len([unit for unit in due(tables) if unit.report == "team_minutes"])

    assert hours() == 0
    _watermark(tables, DAY_MS + HOUR_MS, 0, "new", told_ms=20)
    assert hours() == 1
    _watermark(tables, DAY_MS + HOUR_MS - 1, 1, "new", told_ms=21)
    assert hours() == 0
    _watermark(tables, DAY_MS + HOUR_MS, 1, "new", told_ms=22)
    assert hours() == 1
    _watermark(tables, DAY_MS, 1, "new", told_ms=23)
    assert hours() == 1, "a watermark never goes back"
    _watermark(tables, 0, 0, "old", told_ms=5)
    assert hours() == 1, "a topic that is no longer in use holds nothing up"
    _watermark(tables, 0, 2, "new", told_ms=30)
    assert hours() == 0
    _watermark(tables, DAY_MS + HOUR_MS, 1, "new", told_ms=30 + 15 * 60_000 + 1)
    _watermark(tables, DAY_MS + HOUR_MS, 0, "new", told_ms=30 + 15 * 60_000 + 1)
    assert hours() == 1, "nor does a partition that has nothing to say"


def test_a_loader_makes_a_complete_hour_after_a_while_and_its_day_when_that_is_over(
    tables: Any,
) -> None:
    _put(tables, partials(_team(K)))
    clock = FixedClock(0)
    reporter = Reporter(tables, clock, hold_s=600)
    _watermark(tables, DAY_MS + HOUR_MS, 0, "new", told_ms=20)
    assert reporter.look() == 0
    clock.at_ms = 599_000
    assert reporter.look() == 0
    clock.at_ms = 600_000
    assert reporter.look() == 4
    assert [len(_seen(tables, view)) for view in VIEWS] == [1, 1, 1, 0, 1, 0]
    _watermark(tables, DAY_MS + 24 * HOUR_MS, 0, "new", told_ms=21)
    assert reporter.look() == 0
    clock.at_ms = 1_200_000
    assert reporter.look() == 2
    assert [len(_seen(tables, view)) for view in VIEWS] == [1] * len(VIEWS)


def _made_up(seed: int) -> list[Contribution]:
    """A day of some teams about as large as k, in a few hours, with some who do most."""
    made = np.random.default_rng(seed)
    sizes = {f"t{size}": size for size in (4, 9, 11, 14, 30)}
    found = []
    person = 0
    for team, size in sizes.items():
        for _ in range(size):
            person += 1
            weight = made.lognormal(3, 0.7)
            for minute in made.choice(4 * 60, made.integers(2, 60), replace=False):
                amounts = made.poisson(weight * made.random(2) * (made.random(2) < 0.8))
                amounts[0] += 1
                found.append(
                    Contribution(
                        person,
                        int(minute > 150 and person % 3 == 0),
                        team,
                        str(made.choice(["browser", "email", "crm"], p=[0.6, 0.35, 0.05])),
                        "simulated",
                        DAY_MS // 1_000 + int(minute) // 3 * 60,
                        tuple(int(amount) for amount in amounts),
                    )
                )
    return found


def _stored(made: list[Contribution]) -> Sent:
    batches = [
        Batch(
            number,
            one.person,
            team=one.team,
            application=one.application,
            base_time_ms=one.minute_s * 1_000,
            epoch=one.epoch,
        )
        for number, one in enumerate(made, start=1)
    ]
    amounts = np.array([one.amounts for one in made])
    return partials(batches, path_px=amounts[:, 0], wheel_steps=amounts[:, 1])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_reports_are_what_the_rules_say(tables: Any, seed: int) -> None:
    made = _made_up(seed)
    _put(tables, _stored(made))
    make_all(tables)
    found: dict[tuple[Row, int], int] = {}
    people: dict[Row, int] = {}
    for view in GROUP_VIEWS:
        for each in _seen(tables, view.view):
            start = int(each["window_start"].replace(tzinfo=UTC).timestamp())
            row = (view.view, each[view.group], each["origin"], start)
            values = (each["path_px"], each["wheel_steps"])
            if any(values):
                people[row] = each["people"]
            found |= {(row, n): value for n, value in enumerate(values) if value is not None}
    expected = reports_of(made, K)
    assert found == {place: figure.value for place, figure in expected.figures.items()}
    assert people == expected.people
    assert {view for (view, *_), _ in found} == set(VIEWS)


def _days(client: Any, days: int) -> None:
    for day in range(days):
        at_ms = DAY_MS + day * 86_400_000
        _put(client, partials([replace(each, base_time_ms=at_ms) for each in _team(2)]))


def _parts(client: Any, sql: str) -> set[str]:
    """What parts of tables are read, of how many, by each step that leaves some out."""
    plan = client.query(f"EXPLAIN indexes = 1 {sql}").result_rows
    return {found[1] for row in plan if (found := re.search(r"Parts: (\d+/\d+)", str(row[0])))}


def test_an_analysts_filter_reads_only_the_days_it_names(tables: Any) -> None:
    _days(tables, 3)
    make_all(tables)
    each_day = len(VIEWS)
    for view in VIEWS:
        read = _parts(tables, f"SELECT * FROM analytics.{view} WHERE window_start < '2026-09-23'")
        assert f"{each_day}/{3 * each_day}" in read


def test_a_unit_is_made_of_its_own_days_rows_alone(tables: Any) -> None:
    _days(tables, 3)
    for view in GROUP_VIEWS:
        sql = f"SELECT * FROM analytics.{view.draft}(unit = {DAY_MS // 1_000})"
        assert "1/3" in _parts(tables, sql)


def test_wide_counts_do_not_overflow(tables: Any) -> None:
    most = np.full(K, 2**32 - 1)
    _put(tables, partials(_team(K), path_px=most))
    make_all(tables)
    (row,) = _seen(tables)
    assert abs(row["path_px"] - K * (2**32 - 1)) <= K * (2**32 - 1) / 8


def test_a_report_has_every_count_of_the_partials_but_of_pauses() -> None:
    from sinks.tables.window_partials import MEASURES as OF_PARTIALS

    assert set(OF_PARTIALS) - {m.column for m in MEASURES} == {"pause_count", "resume_count"}
