"""Every row of a Balabit session is an event or is counted as unreadable, with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.vocabulary import OUTSIDE_PX, Action, Button
from producers.balabit import DEFAULT_SCREEN, read_session, recordings_in
from producers.recordings import MAX_EXAMPLES, SessionEvents
from tests.producers.recorded import BALABIT_HEADER, balabit_session


def read(tmp_path: Path, *rows: str) -> SessionEvents:
    return read_session(balabit_session(tmp_path, "user1", "session_1", rows))


def rows_of(session: SessionEvents) -> list[tuple[int, ...]]:
    columns = session.columns
    arrays = (columns.times_ms, columns.action, columns.x_px, columns.y_px, columns.detail)
    return [tuple(row) for row in zip(*(array.tolist() for array in arrays), strict=True)]


@pytest.mark.parametrize(
    ("button_and_state", "action", "detail"),
    [
        ("NoButton,Move", Action.MOVE, 0),
        ("NoButton,Drag", Action.MOVE, 0),
        ("Left,Pressed", Action.BUTTON_DOWN, Button.LEFT),
        ("Right,Released", Action.BUTTON_UP, Button.RIGHT),
        ("XButton,Pressed", Action.BUTTON_DOWN, Button.BACK),
        ("NoButton,Released", Action.BUTTON_UP, Button.OTHER),
        ("Nonsense,Pressed", Action.BUTTON_DOWN, Button.OTHER),
        ("Scroll,Up", Action.SCROLL, 1),
        ("Scroll,Down", Action.SCROLL, -1),
    ],
)
def test_each_kind_of_row_is_its_event(
    tmp_path: Path, button_and_state: str, action: Action, detail: int
) -> None:
    session = read(tmp_path, f"9.9,0.25,{button_and_state},100,200")
    assert rows_of(session) == [(250, action, 100, 200, detail)]
    assert session.unreadable_rows == 0


def test_the_clients_time_counts_and_is_rounded_to_the_nearest_ms(tmp_path: Path) -> None:
    times = ("0.0", "0.0939999999828", "9.3e-05", "12", "3.1415", "2.")
    session = read(tmp_path, *(f"7.7,{text},NoButton,Move,1,1" for text in times))
    assert session.columns.times_ms.tolist() == [0, 94, 0, 12_000, 3_142, 2_000]


def test_exact_duplicates_are_events_too(tmp_path: Path) -> None:
    assert len(rows_of(read(tmp_path, *["0,1,Left,Pressed,5,5"] * 3))) == 3


def test_an_impossible_place_is_left_to_the_pipeline_to_reject(tmp_path: Path) -> None:
    session = read(tmp_path, "0,1,NoButton,Move,65535,65535", "0,1,NoButton,Move,-3,4")
    assert session.columns.x_px.tolist() == [OUTSIDE_PX, -3]
    assert session.unreadable_rows == 0


def test_bad_rows_are_counted_and_told_by_line_and_the_others_kept(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        "0,1.0,NoButton,Move,1,1",  # line 2
        "0,1.1,NoButton,Move,1",
        "0,1.2,NoButton,Move,2,2",
        "",
        "0,soon,NoButton,Move,3,3",
        "0,1.4,NoButton,Hovered,4,4",
        '0,1.5,"No,Button",Move,5,5',
        "0,1.6,NoButton,Move,5.5,5",
        "0,1.7,NoButton,Move,6,6",
        "0,nan,NoButton,Move,6,6",
        "0,-1,NoButton,Move,6,6",
        "0,1,NoButton,Move,,6",
        "0,1e99,NoButton,Move,6,6",
    )
    assert session.columns.x_px.tolist() == [1, 2, 6]
    assert session.unreadable_rows == 10
    six, seconds = "does not have six fields", "has a time that is not seconds since the start"
    whole = "has a coordinate that is not a whole number"
    assert [(bad.line, bad.fault) for bad in session.examples] == [
        (3, six),
        (5, "has an unknown state"),
        (6, seconds),
        (7, "has an unknown state"),
        (8, six),
        (9, whole),
        (11, seconds),
        (12, seconds),
        (13, whole),
        (14, seconds),
    ]


def test_all_bad_rows_are_counted_but_only_the_first_are_told(tmp_path: Path) -> None:
    session = read(tmp_path, *["one,two"] * 30, *["0,x,NoButton,Move,1,1"] * 30)
    assert session.unreadable_rows == 60
    assert [bad.line for bad in session.examples] == list(range(2, 2 + MAX_EXAMPLES))


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"", 1),
        (b"\x00\xff\xfe\n\x80binary\x00", 2),
        (b"time,x,y\n1,2,3\n4,5,6\n", 3),
        ("record timestamp;client timestamp\n".encode("utf-16"), 2),
        (b"x" * 3_000_000, 1),
    ],
)
def test_a_file_of_another_kind_is_counted_whole(tmp_path: Path, content: bytes, rows: int) -> None:
    file = tmp_path / "session_1"
    file.write_bytes(content)
    session = read_session(file)
    assert len(session.columns) == 0
    assert session.unreadable_rows == rows
    assert [bad.line for bad in session.examples] == [1]


def test_bytes_that_are_no_text_harm_only_their_row(tmp_path: Path) -> None:
    file = tmp_path / "session_1"
    rows = (
        b"0,1,NoButton,Move,1,1",
        b"0,1,\xff\xfe,Pressed,2,2",  # an unknown button is still a button
        b"0,1,NoButton,\xff,3,3",
        b"0,\x00,NoButton,Move,4,4",
        b"z" * 2_000_000,
        b"0,1,NoButton,Move,5,5",
    )
    file.write_bytes(BALABIT_HEADER.encode() + b"\r\n" + b"\r\n".join(rows))
    session = read_session(file)
    assert session.columns.x_px.tolist() == [1, 2, 5]
    assert [bad.line for bad in session.examples] == [4, 5, 6]


def test_a_session_with_the_header_alone_has_no_events(tmp_path: Path) -> None:
    session = read(tmp_path)
    assert (len(session.columns), session.unreadable_rows) == (0, 0)


def test_a_file_that_cannot_be_opened_is_reported_and_stops_nothing(tmp_path: Path) -> None:
    session = read_session(tmp_path / "session_1")
    assert session.unreadable_rows == 1
    assert session.examples[0].line == 0


_FIELD = st.one_of(
    st.sampled_from(["0", "1.5", "-4", "65535", "NoButton", "Left", "Move", "Pressed", "Up", ""]),
    st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=4),
)
_ROW = st.one_of(
    st.just("0,1.5,NoButton,Move,7,8"),
    st.lists(_FIELD, min_size=1, max_size=8).map(",".join),
    st.tuples(_FIELD, _FIELD, _FIELD, _FIELD, _FIELD, _FIELD).map(",".join),
)


def is_readable(row: str) -> bool:
    """What makes a row an event, said row by row."""
    fields = row.split(",")
    return (
        len(fields) == 6
        and re.fullmatch(r"[0-9]{1,9}(\.[0-9]*)?", fields[1]) is not None
        and fields[3] in ("Move", "Drag", "Pressed", "Released", "Up", "Down")
        and all(re.fullmatch(r"-?[0-9]{1,9}", field) for field in fields[4:])
    )


@given(st.lists(_ROW, max_size=40))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_rows_good_and_bad_ones_are_told_apart(
    tmp_path: Path, rows: list[str]
) -> None:
    session = read(tmp_path, *rows)
    bad = [line for line, row in enumerate(rows, start=2) if not is_readable(row)]
    assert len(session.columns) == len(rows) - len(bad)
    assert session.unreadable_rows == len(bad)
    assert [one.line for one in session.examples] == bad[:MAX_EXAMPLES]


def test_recordings_are_listed_by_user_and_session_and_other_files_left_alone(
    tmp_path: Path,
) -> None:
    for user, session in (("user9", "session_2"), ("user10", "session_1"), ("user9", "session_1")):
        balabit_session(tmp_path, user, session, [])
    (tmp_path / "user9" / "notes.txt").write_text("not a session")
    found = recordings_in(tmp_path, DEFAULT_SCREEN)
    assert [(one.subject, one.session) for one in found] == [
        ("user10", "session_1"),
        ("user9", "session_1"),
        ("user9", "session_2"),
    ]
