"""What is measured of a pointer action."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.reidentification.features import HABIT, MOTION, NAMES, features
from benchmarks.reidentification.segment import segment
from benchmarks.reidentification.sessions import Session
from events.vocabulary import Action
from tests.benchmarks.made import line, session

M, D, U, S = Action.MOVE, Action.BUTTON_DOWN, Action.BUTTON_UP, Action.SCROLL


def measured(one: Session, row: int = 0) -> dict[str, float]:
    values = features(one, segment(one))[row]
    return dict(zip(NAMES, values.tolist(), strict=True))


def test_a_straight_line_at_one_speed_is_measured_as_such() -> None:
    found = measured(line(points=11, step_px=5, step_ms=10))
    assert found["speed_most"] == pytest.approx(500)
    assert found["speed_x_most"] == pytest.approx(500)
    assert found["speed_y_most"] == 0
    assert (found["path_px"], found["distance_px"], found["straightness"]) == (50, 50, 1)
    assert (found["direction_cos"], found["direction_sin"]) == (1, 0)
    assert found["duration_s"] == pytest.approx(0.1)
    assert (found["turning_rad"], found["sharp_turns"], found["largest_deviation_px"]) == (0, 0, 0)
    assert found["interval_mean_s"] == pytest.approx(0.01)
    assert (found["start_x_px"], found["end_x_px"], found["points"]) == (0, 50, 11)


def test_a_corner_is_one_sharp_turn_of_a_quarter() -> None:
    x, y = [0, 10, 20, 20, 20], [0, 0, 0, 10, 20]
    found = measured(session([0, 10, 20, 30, 40], [M] * 5, x, y))
    assert found["turning_rad"] == pytest.approx(np.pi / 2)
    assert found["sharp_turns"] == 1
    assert found["largest_deviation_px"] == pytest.approx(20 / np.sqrt(2))


def test_places_of_one_tick_are_one_point_the_last_of_them() -> None:
    found = measured(session([0, 0, 0, 10, 10], [M] * 5, [0, 1, 2, 7, 12], [0] * 5))
    assert (found["points"], found["events"]) == (2, 5)
    assert (found["start_x_px"], found["path_px"]) == (2, 10)
    assert found["speed_most"] == pytest.approx(1_000)


def test_how_long_a_button_is_held_and_how_long_the_pause_before_was() -> None:
    one = session([0, 10, 20, 400, 480], [M, M, M, D, U], [0] * 5, [0] * 5)
    assert measured(one)["held_s"] == pytest.approx(0.08)
    two = session([0, 10, 5_010, 5_020], [M] * 4, [0] * 4, [0] * 4)
    assert measured(two, 1)["pause_before_s"] == pytest.approx(5)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2_000),
            st.sampled_from([M, M, M, D, U, S]),
            st.integers(0, 3).map(lambda cell: 64 * cell),
            st.integers(0, 3).map(lambda cell: 64 * cell),
        ),
        max_size=40,
    )
)
def test_every_feature_of_every_action_is_a_number(
    steps: list[tuple[int, Action, int, int]],
) -> None:
    times = (np.cumsum([step[0] for step in steps], dtype=np.int64) // 250 * 250).tolist()
    columns = [[step[place] for step in steps] for place in (1, 2, 3)]
    one = session(times, *columns)
    segments = segment(one)
    found = features(one, segments)
    assert found.shape == (len(segments), len(NAMES))
    assert np.isfinite(found).all()


def test_an_action_is_measured_the_same_whatever_stands_beside_it() -> None:
    alone = features(line(8, 3, 10), segment(line(8, 3, 10)))[0]
    both = session(
        [*range(0, 80, 10), *range(9_000, 9_050, 10)],
        [M] * 13,
        [*range(0, 24, 3), 900, 5, 700, 6, 300],
        [*[100] * 8, 1, 2, 3, 4, 5],
    )
    assert features(both, segment(both))[0] == pytest.approx(alone)


def test_the_names_are_different_and_in_two_kinds() -> None:
    assert len(set(NAMES)) == len(NAMES) == len(MOTION) + len(HABIT)
