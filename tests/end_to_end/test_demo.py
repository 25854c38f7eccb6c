"""`glasshouse demo` on recordings, held against a count straight from the files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from events.purposes import PURPOSES, Purpose
from events.vocabulary import Action
from tests.differencing.rules import VIEWS, Contribution, reports_of
from tests.end_to_end import count_csv, tables
from tests.end_to_end.conftest import Demo, Recorded, play
from tests.end_to_end.people import people, session_masks
from tests.end_to_end.stack import glasshouse

TRAINING, ANALYTICS = Purpose.AGENT_TRAINING, Purpose.TEAM_ANALYTICS
#: What the policy takes for both purposes: pauses are not taken for analytics.
_BOTH = [action.name.lower() for action in Action if action not in (Action.PAUSE, Action.RESUME)]
_FROM_ROWS = ", ".join(f"countIf(action = '{name}')" for name in _BOTH)
_FROM_PARTIALS = ", ".join(f"sum({name}_count)" for name in _BOTH)
_WHEEL = "sumIf(abs(detail), action = 'scroll')"

SESSIONS = """
SELECT epoch, pseudonym, session, count(), countIf(action = 'button_down'),
    countIf(action = 'scroll')
FROM training.interactions FINAL GROUP BY epoch, pseudonym, session
"""
MINUTES_OF_ROWS = f"""
SELECT epoch, pseudonym, toUnixTimestamp(toStartOfMinute(time)) AS minute, count(), {_FROM_ROWS},
    {_WHEEL}
FROM training.interactions FINAL GROUP BY epoch, pseudonym, minute
"""
MINUTES_OF_PARTIALS = f"""
SELECT epoch, pseudonym, toUnixTimestamp(window_start) AS minute, sum(event_count),
    {_FROM_PARTIALS}, sum(wheel_steps)
FROM analytics.window_partials FINAL GROUP BY epoch, pseudonym, minute
"""
ALL_ROWS = """
SELECT * FROM training.interactions FINAL {where}
ORDER BY epoch, pseudonym, session, sequence, `index`, batch
"""
ALL_PARTIALS = """
SELECT * FROM analytics.window_partials FINAL {where}
ORDER BY epoch, team, window_start, pseudonym, batch
"""


@pytest.fixture(scope="module")
def counted(recorded: Recorded) -> list[count_csv.SessionCount]:
    """What an independent script counts in the files."""
    script = subprocess.run(
        [sys.executable, count_csv.__file__, str(recorded.folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return [count_csv.SessionCount(**json.loads(line)) for line in script.stdout.splitlines()]


def outcome(passed: int, withheld: dict[str, int], outside: int) -> dict[str, dict[str, Any]]:
    """The object ``purposes`` when all purposes fare alike."""
    rejected = {"coordinate_out_of_range": outside} if outside else {}
    alike = {"passed": passed, "withheld": withheld, "rejected": rejected}
    return {purpose.value: alike for purpose in PURPOSES}


def hidden(demo: Demo, purpose: Purpose, users: Iterable[str]) -> str:
    """A condition that leaves these users out."""
    masks = [str(mask) for _, mask in people(demo.ring, purpose, users)]
    return f"WHERE pseudonym NOT IN ({', '.join(masks)})"


def test_the_last_line_accounts_for_every_event(
    demo: Demo, counted: list[count_csv.SessionCount]
) -> None:
    events = sum(session.rows for session in counted)
    outside = sum(session.outside for session in counted)
    result = dict(demo.result)
    assert result.pop("events_in") == events
    assert result.pop("purposes") == outcome(events - outside, {}, outside)
    seconds = result.pop("seconds")
    assert result.pop("events_per_s") == pytest.approx(events / seconds, rel=0.01)
    assert result == {"data_dir": str(demo.data_dir), "reconciled": True}


def test_rows_that_are_no_events_are_told_with_file_and_line(
    demo: Demo, counted: list[count_csv.SessionCount]
) -> None:
    told = {
        f"{demo.recorded.folder / session.user / session.session}:{line}: "
        for session in counted
        for line in session.unreadable_lines
    }
    assert (f"{len(told)} rows of the recordings are no events:" in demo.said) == bool(told)
    assert {place for place in told if place in demo.said} == told


def test_every_session_has_the_rows_presses_and_scrolls_of_its_file(
    demo: Demo, counted: list[count_csv.SessionCount]
) -> None:
    files = [demo.recorded.folder / each.user / each.session for each in counted]
    users = people(demo.ring, TRAINING, demo.recorded.users)
    sessions = session_masks(demo.ring, TRAINING, files, demo.recorded.start)
    found = {}
    for epoch, pseudonym, session, *counts in tables.rows(demo.data_dir, SESSIONS):
        user, name = sessions[epoch, session]
        assert users[epoch, pseudonym] == user
        found[user, name] = tuple(counts)
    assert found == {
        (each.user, each.session): (each.inside, each.presses, each.scrolls) for each in counted
    }


def test_no_row_is_there_twice_after_a_run_without_faults(demo: Demo) -> None:
    passed = demo.result["purposes"][TRAINING]["passed"]
    for final in ("", "FINAL"):
        answer = query(demo.data_dir, f"SELECT count() AS n FROM training.interactions {final}")
        assert answer == [{"n": passed}]


def query(data_dir: Path, sql: str) -> list[dict[str, Any]]:
    """What `glasshouse query --json` answers."""
    done = glasshouse("query", "--json", "--data-dir", data_dir, sql, folder=data_dir.parent)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_partials_add_up_to_the_rows(demo: Demo) -> None:
    of_rows = f"SELECT count(), {_FROM_ROWS}, {_WHEEL} FROM training.interactions FINAL"
    of_partials = (
        f"SELECT sum(event_count), {_FROM_PARTIALS}, sum(wheel_steps), sum(pause_count), "
        "sum(resume_count) FROM analytics.window_partials FINAL"
    )
    (rows,) = tables.rows(demo.data_dir, of_rows)
    (partials,) = tables.rows(demo.data_dir, of_partials)
    assert partials == (*rows, 0, 0)
    assert rows[0] == demo.result["purposes"][ANALYTICS]["passed"]


def test_every_minute_of_everybody_has_the_counts_of_its_rows(demo: Demo) -> None:
    minutes: list[dict[tuple[str, int], tuple[int, ...]]] = []
    for purpose, sql in ((TRAINING, MINUTES_OF_ROWS), (ANALYTICS, MINUTES_OF_PARTIALS)):
        users = people(demo.ring, purpose, demo.recorded.users)
        minutes.append(
            {
                (users[epoch, pseudonym], minute): tuple(counts)
                for epoch, pseudonym, minute, *counts in tables.rows(demo.data_dir, sql)
            }
        )
    of_rows, of_partials = minutes
    assert of_rows == of_partials
    assert len(of_rows) > len(demo.recorded.users)


_CONTRIBUTIONS = """
    SELECT pseudonym, epoch, team, application, toString(origin), toUnixTimestamp(window_start),
        event_count, path_px
    FROM analytics.window_partials FINAL
"""


def test_analysts_see_what_the_rules_of_reports_leave_of_ten_people_and_no_others(
    demo: Demo,
) -> None:
    made = [
        Contribution(person, epoch, team, application, origin, minute_s, tuple(amounts))
        for person, epoch, team, application, origin, minute_s, *amounts in tables.rows(
            demo.data_dir, _CONTRIBUTIONS
        )
    ]
    expected = reports_of(made, k=10)
    for view, column, _, _ in VIEWS:
        seen = (
            f"SELECT {column}, toString(origin), toUnixTimestamp(window_start), events, path_px "
            f"FROM analytics.{view}"
        )
        shown = {
            ((view, name, origin, start), measure): value
            for name, origin, start, *values in tables.rows(demo.data_dir, seen)
            for measure, value in enumerate(values)
            if value is not None
        }
        figures = expected.figures.items()
        assert shown == {place: f.value for place, f in figures if place[0][0] == view}
    assert len({one.person for one in made}) >= 10
    assert expected.figures


def test_a_second_run_adds_no_row(demo: Demo, recorded: Recorded, tmp_path: Path) -> None:
    shutil.copytree(demo.data_dir, tmp_path / "data", symlinks=True)
    again = play(recorded, tmp_path / "data", demo.ring)
    for timed in ("seconds", "events_per_s", "data_dir"):
        assert again.result.pop(timed)
    assert again.result.items() <= demo.result.items()
    for sql in (ALL_ROWS, ALL_PARTIALS):
        before, after = (
            tables.read(one.data_dir, all=sql.format(where=""))["all"] for one in (demo, again)
        )
        assert after.equals(before)


def test_who_never_enrolled_or_has_withdrawn_is_withheld_to_the_last_event(
    demo_of_some: Demo, counted: list[count_csv.SessionCount]
) -> None:
    recorded = demo_of_some.recorded
    withheld = {
        reason: sum(session.rows for session in counted if session.user == user)
        for reason, user in (
            ("not_enrolled", recorded.without),
            ("withdrawn", recorded.withdrawn),
        )
    }
    left_out = (recorded.without, recorded.withdrawn)
    others = [session for session in counted if session.user not in left_out]
    passed, outside = (
        sum(getattr(session, name) for session in others) for name in ("inside", "outside")
    )
    assert demo_of_some.result["events_in"] == sum(session.rows for session in counted)
    assert demo_of_some.result["purposes"] == outcome(passed, withheld, outside)


def test_who_takes_no_part_is_in_no_table_and_the_others_rows_are_the_same(
    demo: Demo, demo_of_some: Demo
) -> None:
    left_out = (demo.recorded.without, demo.recorded.withdrawn)
    for purpose, sql in ((TRAINING, ALL_ROWS), (ANALYTICS, ALL_PARTIALS)):
        others = sql.format(where=hidden(demo, purpose, left_out))
        expected = tables.read(demo.data_dir, all=others)["all"]
        found = tables.read(demo_of_some.data_dir, all=sql.format(where=""))["all"]
        assert found.equals(expected)
        everybody = people(demo.ring, purpose, demo.recorded.users).values()
        assert set(everybody) > set(left_out)


def test_a_person_has_the_pseudonym_the_operator_is_told(demo: Demo, demo_of_some: Demo) -> None:
    user = next(
        name
        for name in demo.recorded.users
        if name not in (demo.recorded.without, demo.recorded.withdrawn)
    )
    for one in (demo, demo_of_some):
        done = glasshouse(
            *("keys", "pseudonym", user, "--json", "--data-dir", one.data_dir),
            folder=one.data_dir.parent,
        )
        told = [json.loads(line) for line in done.stdout.splitlines()]
        masks = {(line["purpose"], line["epoch"]): int(line["pseudonym"]) for line in told}
        assert len(set(masks.values())) == len(masks) == 4
        for purpose, table in (
            (TRAINING, "training.interactions"),
            (ANALYTICS, "analytics.window_partials"),
        ):
            found = tables.rows(one.data_dir, f"SELECT DISTINCT epoch, pseudonym FROM {table}")
            own = {epoch for epoch, mask in found if masks[purpose, epoch] == mask}
            assert own, "the person is in the table under that pseudonym"
            assert all(mask != masks[purpose, 3 - epoch] for epoch, mask in found)
