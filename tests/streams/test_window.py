"""Windows: partials against a count made by hand, event by event."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import fields

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from events.vocabulary import Action, KeyClass
from streams.minimise import PassingEvents
from streams.window import WINDOW_MS, Partials, window

Event = tuple[int, int, int, int, int]  # time ms, action, x, y, detail


@st.composite
def event_lists(draw: st.DrawFn) -> list[list[Event]]:
    """Events of some batches; times never step back in one and often meet a minute's edge."""
    found = []
    for _ in range(draw(st.integers(0, 4))):
        time_ms = draw(st.sampled_from((0, 59_990, 60_000, 10**12 - 10, 10**12)))
        own = []
        for _ in range(draw(st.integers(1, 8))):
            time_ms += draw(st.sampled_from((0, 1, 10, 30_000, 59_999, 60_000, 200_000)))
            action = draw(st.sampled_from(Action))
            detail = draw(st.integers(0, 8)) if action in (Action.KEY_DOWN, Action.KEY_UP) else 0
            if action is Action.SCROLL:
                detail = draw(st.integers(-1_000, 1_000))
            place = (draw(st.integers(0, 65_534)), draw(st.integers(0, 65_534)))
            own.append((time_ms, int(action), *place, detail))
        found.append(own)
    return found


def passing(lists: list[list[Event]]) -> PassingEvents:
    flat = [event for own in lists for event in own]
    columns = list(zip(*flat, strict=True)) or [()] * 5
    return PassingEvents(
        event_count=np.array([len(own) for own in lists], dtype=np.int64),
        owner=np.repeat(np.arange(len(lists), dtype=np.int32), [len(own) for own in lists]),
        index=np.arange(len(flat), dtype=np.uint16),
        time_ms=np.array(columns[0], dtype=np.int64),
        action=np.array(columns[1], dtype=np.uint8),
        x_px=np.array(columns[2], dtype=np.uint16),
        y_px=np.array(columns[3], dtype=np.uint16),
        detail=np.array(columns[4], dtype=np.int16),
        role=np.zeros(len(flat), dtype=np.uint8),
    )


def rows(partials: Partials, owners: list[int]) -> dict[tuple[int, int], tuple[object, ...]]:
    """Partials by (batch, window); fails where one stands twice."""
    names = ("event_count", "action_count", "key_count", "wheel_steps", "path_px")
    found: dict[tuple[int, int], tuple[object, ...]] = {}
    for place, start_ms in enumerate(partials.window_start_ms.tolist()):
        identity = (owners[int(partials.owner[place])], start_ms)
        assert identity not in found
        found[identity] = tuple(getattr(partials, name)[place].tolist() for name in names)
    return found


def by_hand(lists: list[list[Event]]) -> dict[tuple[int, int], tuple[object, ...]]:
    found: dict[tuple[int, int], tuple[object, ...]] = {}
    for owner, own in enumerate(lists):
        minutes: dict[int, list[Event]] = defaultdict(list)
        paths: dict[int, list[float]] = defaultdict(list)
        last: Event | None = None
        for event in own:
            start_ms = event[0] - event[0] % 60_000
            minutes[start_ms].append(event)
            if event[1] <= Action.SCROLL:
                if last is not None:
                    paths[start_ms].append(math.dist(last[2:4], event[2:4]))
                last = event
        for start_ms, events in minutes.items():
            keys = [event[4] for event in events if event[1] == Action.KEY_DOWN]
            found[owner, start_ms] = (
                len(events),
                [sum(event[1] == action for event in events) for action in Action],
                [keys.count(key_class) for key_class in KeyClass],
                sum(abs(event[4]) for event in events if event[1] == Action.SCROLL),
                round(sum(paths[start_ms])),
            )
    return found


@given(lists=event_lists())
def test_partials_are_what_a_count_by_hand_gives(lists: list[list[Event]]) -> None:
    partials = window(passing(lists))
    assert rows(partials, list(range(len(lists)))) == by_hand(lists)
    assert partials.event_count.sum() == sum(len(own) for own in lists)
    assert partials.action_count.sum() == partials.event_count.sum()


@given(lists=event_lists(), cut=st.integers(0, 4))
def test_batches_windowed_apart_or_together_give_the_same_partials(
    lists: list[list[Event]], cut: int
) -> None:
    together = rows(window(passing(lists)), list(range(len(lists))))
    first = rows(window(passing(lists[:cut])), list(range(len(lists))))
    second = rows(window(passing(lists[cut:])), list(range(len(lists)))[cut:])
    assert {**first, **second} == together


def test_a_window_holds_its_start_and_not_its_end() -> None:
    times_ms = (59_999, 60_000, 119_999, 120_000)
    partials = window(passing([[(t, int(Action.NAVIGATE), 0, 0, 0) for t in times_ms]]))
    assert partials.window_start_ms.tolist() == [0, 60_000, 120_000]
    assert partials.event_count.tolist() == [1, 2, 1]
    assert WINDOW_MS == 60_000


def test_a_path_is_counted_in_the_window_it_arrives_in() -> None:
    #   move (0,0)     key     | move (3,4)  scroll (3,4)   button (6,8)
    #   [ 0:00                 )[ 1:00                             )
    events = [
        (1, int(Action.MOVE), 0, 0, 0),
        (2, int(Action.KEY_DOWN), 999, 999, 0),
        (60_001, int(Action.MOVE), 3, 4, 0),
        (60_002, int(Action.SCROLL), 3, 4, -7),
        (60_003, int(Action.BUTTON_DOWN), 6, 8, 0),
    ]
    partials = window(passing([events, [(60_000, int(Action.MOVE), 900, 900, 0)]]))
    assert partials.path_px.tolist() == [0, 10, 0]
    assert partials.wheel_steps.tolist() == [0, 7, 0]


def test_no_event_makes_no_window() -> None:
    partials = window(passing([]))
    assert len(partials.owner) == 0
    assert partials.action_count.shape == (0, len(Action))
    assert partials.path_px.dtype == np.int64


@given(lists=event_lists(), data=st.data())
def test_partials_in_another_order_are_those_of_batches_in_that_order(
    lists: list[list[Event]], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(lists))))
    moved = window(passing(lists)).in_order(np.array(order, dtype=np.intp))
    expected = window(passing([lists[place] for place in order]))
    for column in fields(Partials):
        assert np.array_equal(getattr(moved, column.name), getattr(expected, column.name))
