"""Sessions lie on the calendar where the docstring says, never in the future."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.clock import MS_PER_DAY, MS_PER_HOUR, to_datetime
from events.errors import InputError
from producers.batches import EventColumns
from producers.calendar import default_start, lay, parse_start, refuse_future
from producers.recordings import Format, Recording, Screen, SessionEvents

NOW_MS = 1_795_300_000_000  # 2026-11-21, in the evening


def recording(subject: str, session: str) -> Recording:
    none = np.empty(0, dtype=np.int64)
    read = SessionEvents(EventColumns(none, none, none, none, none, none), 0, (), b"")
    return Recording(Format.BALABIT, subject, session, Screen(1, 1), lambda: read)


def iso(at_ms: int) -> str:
    return to_datetime(at_ms).isoformat()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2026-03-02", "2026-03-02T09:00:00+00:00"),
        ("2026-03-02T08:30", "2026-03-02T08:30:00+00:00"),
        ("2026-03-02 08:30:15Z", "2026-03-02T08:30:15+00:00"),
        ("2026-03-02T08:30+02:00", "2026-03-02T06:30:00+00:00"),
    ],
)
def test_a_date_starts_at_nine_and_a_date_and_time_exactly_then(text: str, first: str) -> None:
    assert iso(parse_start(text)) == first


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "02.03.2026", "2026-03-02Tnoon"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--start"):
        parse_start(text)


def test_each_persons_sessions_go_day_by_day_in_the_order_of_their_names() -> None:
    given = [
        recording("b", "s2"),
        recording("a", "s9"),
        recording("b", "s10"),
        recording("b", "s1"),
    ]
    laid = lay(given, 9 * MS_PER_HOUR)
    assert [(one.recording.subject, one.recording.session, one.start_ms) for one in laid] == [
        ("a", "s9", 9 * MS_PER_HOUR),
        ("b", "s1", 9 * MS_PER_HOUR),
        ("b", "s10", 9 * MS_PER_HOUR + MS_PER_DAY),
        ("b", "s2", 9 * MS_PER_HOUR + 2 * MS_PER_DAY),
    ]


_PEOPLE = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), unique=True, max_size=40)


@given(_PEOPLE)
@settings(deadline=None)
def test_the_calendar_does_not_depend_on_the_order_of_the_files(
    people: list[tuple[str, int]],
) -> None:
    recordings = [recording(subject, f"s{number}") for subject, number in people]

    def places(order: Sequence[Recording]) -> list[tuple[str, str, int]]:
        return [(x.recording.subject, x.recording.session, x.start_ms) for x in lay(order, 0)]

    assert places(recordings) == places(recordings[::-1])


@given(_PEOPLE)
@settings(deadline=None)
def test_leaving_somebody_out_moves_nobody_else(people: list[tuple[str, int]]) -> None:
    everybody = lay([recording(subject, f"s{number}") for subject, number in people], 0)
    others = lay([recording(s, f"s{number}") for s, number in people if s != "a"], 0)
    kept = [(x.recording.subject, x.start_ms) for x in everybody if x.recording.subject != "a"]
    assert [(x.recording.subject, x.start_ms) for x in others] == kept


def test_without_a_start_the_first_day_is_28_days_ago() -> None:
    assert iso(default_start([recording("a", "s")], NOW_MS)) == "2026-10-24T09:00:00+00:00"


@given(_PEOPLE, st.integers(0, MS_PER_DAY))
@settings(deadline=None)
def test_without_a_start_nothing_is_ever_in_the_future(
    people: list[tuple[str, int]], into_the_day_ms: int
) -> None:
    now_ms = NOW_MS + into_the_day_ms
    recordings = [recording(subject, f"s{number}") for subject, number in people]
    refuse_future(lay(recordings, default_start(recordings, now_ms)), now_ms)


def test_a_start_that_dates_events_in_the_future_is_refused_and_the_latest_named() -> None:
    recordings = [recording("a", "s1"), recording("a", "s2")]
    latest_ms = NOW_MS - 2 * MS_PER_DAY
    refuse_future(lay(recordings, latest_ms), NOW_MS)
    with pytest.raises(InputError, match="2026-11-19T"):
        refuse_future(lay(recordings, latest_ms + 1), NOW_MS)


def test_a_start_before_1970_is_refused() -> None:
    with pytest.raises(InputError, match="1970"):
        refuse_future(lay([recording("a", "s1")], parse_start("1969-12-31")), NOW_MS)
