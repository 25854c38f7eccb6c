"""Where one pointer action ends and the next begins."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.reidentification.segment import Kind, segment
from events.vocabulary import Action
from tests.benchmarks.made import session

M, D, U, S = Action.MOVE, Action.BUTTON_DOWN, Action.BUTTON_UP, Action.SCROLL


def test_moves_clicks_drags_and_scrolls_are_told_apart() -> None:
    #         move       pause  click      click   drag        scroll  move
    times = [0, 10, 20, 5_000, 5_010, 5_020, 5_200, 5_300, 5_400, 5_410, 5_420, 5_500, 5_510, 5_600]
    actions = [M, M, M, M, D, U, D, U, D, M, U, S, S, M]
    found = segment(session(times, actions, [0] * 14, [0] * 14))
    assert found.first.tolist() == [0, 3, 6, 8, 11, 13]
    assert found.count.tolist() == [3, 3, 2, 3, 2, 1]
    kinds = [Kind.MOVE, Kind.CLICK, Kind.CLICK, Kind.DRAG, Kind.SCROLL, Kind.MOVE]
    assert found.kind.tolist() == kinds


@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.sampled_from([M, D, U, S])), max_size=40),
)
def test_every_event_belongs_to_exactly_one_action(steps: list[tuple[int, Action]]) -> None:
    times = np.cumsum([gap for gap, _ in steps], dtype=np.int64).tolist()
    zeros = [0] * len(steps)
    found = segment(session(times, [action for _, action in steps], zeros, zeros))
    ends = found.first + found.count
    assert found.first[:1].tolist() == ([0] if steps else [])
    assert ends[:-1].tolist() == found.first[1:].tolist()
    assert ends[-1:].tolist() == ([len(steps)] if steps else [])
    assert (found.count > 0).all()
