"""Every line of a DuckTrack recording is an event or is counted as unreadable, with its line."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.errors import InputError
from events.vocabulary import Action, Button, KeyClass
from producers.ducktrack import read_session, recordings_in
from producers.recordings import MAX_EXAMPLES, Screen, SessionEvents
from tests.producers.recorded import ducktrack_session

MOVE: dict[str, Any] = {"time_stamp": 10.0, "action": "move", "x": 3.9, "y": 4.1}
CLICK = {**MOVE, "action": "click", "button": "left", "pressed": True}
SCROLL = {**MOVE, "action": "scroll", "dx": 0, "dy": -2}
PRESS: dict[str, Any] = {"time_stamp": 10.0, "action": "press", "name": "a"}


def read(tmp_path: Path, *lines: object) -> SessionEvents:
    return read_session(ducktrack_session(tmp_path, lines))


@pytest.mark.parametrize(
    ("line", "action", "place", "detail"),
    [
        (MOVE, Action.MOVE, (3, 4), 0),
        (CLICK, Action.BUTTON_DOWN, (3, 4), Button.LEFT),
        ({**CLICK, "pressed": False}, Action.BUTTON_UP, (3, 4), Button.LEFT),
        ({**CLICK, "button": "x2"}, Action.BUTTON_DOWN, (3, 4), Button.FORWARD),
        ({**CLICK, "button": "thumb"}, Action.BUTTON_DOWN, (3, 4), Button.OTHER),
        (SCROLL, Action.SCROLL, (3, 4), -2),
        ({**SCROLL, "dx": 5, "dy": 0}, Action.SCROLL, (3, 4), 0),
        (PRESS, Action.KEY_DOWN, (0, 0), KeyClass.LETTER),
        ({**PRESS, "action": "release", "name": "enter"}, Action.KEY_UP, (0, 0), KeyClass.ENTER),
        ({**PRESS, "name": None}, Action.KEY_DOWN, (0, 0), KeyClass.OTHER),
        ({**MOVE, "x": -0.5, "y": 1e300}, Action.MOVE, (-1, 65_535), 0),
    ],
)
def test_each_kind_of_line_is_its_event(
    tmp_path: Path, line: object, action: Action, place: tuple[int, int], detail: int
) -> None:
    columns = read(tmp_path, line).columns
    assert columns.action.tolist() == [action]
    assert (columns.x_px.tolist(), columns.y_px.tolist()) == ([place[0]], [place[1]])
    assert columns.detail.tolist() == [detail]


def test_times_run_from_the_first_event_and_may_step_back(tmp_path: Path) -> None:
    lines = [{**MOVE, "time_stamp": at} for at in (150160.965, 150160.9684, 150159.5)]
    assert read(tmp_path, *lines).columns.times_ms.tolist() == [0, 3, -1_465]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "not json",
        "[1, 2]",
        "[" * 100_000,
        '{"time_stamp": NaN, "action": "move", "x": 1, "y": 1}',
        '{"time_stamp": 1, "action": "move", "x": Infinity, "y": 1}',
        {**MOVE, "time_stamp": "10"},
        {**MOVE, "time_stamp": -1},
        {**MOVE, "time_stamp": 10**400},
        {**MOVE, "x": True},
        {**MOVE, "x": None},
        {**MOVE, "action": "dance"},
        {**MOVE, "action": ["move"]},
        {"time_stamp": 1.0, "action": "move", "x": 1},
        {**CLICK, "pressed": 1},
        {**CLICK, "button": 1},
        {**PRESS, "name": 5},
        {"time_stamp": 1.0, "action": "press"},
        {"action": "move", "x": 1, "y": 1},
    ],
)
def test_a_bad_line_is_told_by_number_and_the_others_are_kept(tmp_path: Path, line: object) -> None:
    session = read(tmp_path, MOVE, line, MOVE)
    assert len(session.columns) == 2
    assert session.unreadable_rows == 1
    assert [bad.line for bad in session.examples] == [2]


def test_all_bad_lines_are_counted_but_only_the_first_are_told(tmp_path: Path) -> None:
    session = read(tmp_path, *["nonsense"] * 50)
    assert (session.unreadable_rows, len(session.examples)) == (50, MAX_EXAMPLES)


def test_bytes_that_are_no_text_harm_only_their_line(tmp_path: Path) -> None:
    folder = ducktrack_session(tmp_path, [MOVE])
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b"\xff\xfe\x00\n")
    session = read_session(folder)
    assert (len(session.columns), session.unreadable_rows) == (1, 1)


def test_an_empty_recording_has_no_events(tmp_path: Path) -> None:
    folder = ducktrack_session(tmp_path, [])
    (folder / "events.jsonl").write_bytes(b"")
    assert len(read_session(folder).columns) == 0


def gzipped(folder: Path, lines: int) -> Path:
    plain = ducktrack_session(folder, [MOVE] * lines) / "events.jsonl"
    packed = folder / "events.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    return packed


def test_a_gzipped_recording_reads_the_same(tmp_path: Path) -> None:
    gzipped(tmp_path, 3)
    assert len(read_session(tmp_path).columns) == 3


@pytest.mark.parametrize("damage", [b"", b"not gzip at all"])
def test_a_damaged_archive_is_reported_and_what_was_read_before_is_kept(
    tmp_path: Path, damage: bytes
) -> None:
    packed = gzipped(tmp_path, 3)
    packed.write_bytes(damage or packed.read_bytes()[:-9])
    session = read_session(tmp_path)
    assert session.unreadable_rows == 1
    assert session.examples[0].fault == "and all after it cannot be read"


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=5,
)


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys({**CLICK, **PRESS}, _JSON))))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_lines_each_is_an_event_or_counted(tmp_path: Path, lines: list[Any]) -> None:
    session = read(tmp_path, *lines, MOVE)
    assert len(session.columns) + session.unreadable_rows == len(lines) + 1


def test_the_screen_is_the_metadatas_unless_another_is_named(tmp_path: Path) -> None:
    ducktrack_session(tmp_path, [MOVE])
    (recording,) = recordings_in(tmp_path, "someone", None)
    assert recording.screen == Screen(1512, 982)
    (recording,) = recordings_in(tmp_path, "someone", Screen(800, 600))
    assert recording.screen == Screen(800, 600)


@pytest.mark.parametrize(
    "metadata",
    [{}, [], "text", {"screen_width": "1512", "screen_height": 982}, {"screen_width": 0}],
)
def test_a_recording_without_a_screen_asks_for_one(tmp_path: Path, metadata: object) -> None:
    ducktrack_session(tmp_path, [MOVE], metadata)
    with pytest.raises(InputError, match="--screen"):
        recordings_in(tmp_path, "someone", None)


def test_several_recordings_are_the_sessions_of_one_person(tmp_path: Path) -> None:
    for name in ("b", "a"):
        ducktrack_session(tmp_path / name, [MOVE])
    assert [one.session for one in recordings_in(tmp_path, "someone", None)] == ["a", "b"]
