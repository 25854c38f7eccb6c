"""The laws of aimed movement hold in what is generated."""

from __future__ import annotations

import numpy as np
import pytest

from events.vocabulary import Action
from producers.simulation.bursts import spread, within
from producers.simulation.pointer import Movements, index_of_difficulty, minimum_jerk, sample
from producers.simulation.randomness import Stream, generator
from tests.producers_simulation.organisations import config

_RNG = generator(config(), Stream.PILOT)


def _movements(count: int = 2_000, bow: float = 0.03) -> Movements:
    start, end = _RNG.integers(200, 1_000, (2, count, 2)).astype(np.float32)
    distance = np.hypot(*(end - start).T)
    return Movements(
        from_x_px=start[:, 0],
        from_y_px=start[:, 1],
        to_x_px=end[:, 0],
        to_y_px=end[:, 1],
        bow_px=(_RNG.uniform(-bow, bow, count) * distance).astype(np.float32),
        duration_ms=_RNG.integers(200, 1_500, count).astype(np.int32),
        sample_ms=_RNG.choice(np.array([8, 10, 12, 16], np.int32), count),
    )


def test_minimum_jerk_covers_half_the_way_in_half_the_time_and_rests_at_both_ends() -> None:
    share = np.linspace(0, 1, 1_001)
    way = minimum_jerk(share)
    speed = np.gradient(way, share)
    assert way[0] == 0
    assert way[500] == pytest.approx(0.5)
    assert way[-1] == 1
    assert speed.max() == pytest.approx(1.875, rel=1e-4)  # of the mean speed (Flash and Hogan)
    assert speed[0] < 0.001
    assert speed[-1] < 0.001


def test_the_last_report_is_where_and_when_the_movement_ends() -> None:
    movements = _movements()
    burst = sample(_RNG, np.arange(len(movements)), movements)
    last = np.cumsum(burst.count) - 1
    assert (burst.offset_ms[last] == movements.duration_ms).all()
    assert (burst.x_px[last] == movements.to_x_px).all()
    assert (burst.y_px[last] == movements.to_y_px).all()
    assert (burst.action == Action.MOVE).all()


def test_reports_come_at_the_devices_rate_with_jitter_and_never_backwards() -> None:
    movements = _movements()
    burst = sample(_RNG, np.arange(len(movements)), movements)
    row, number = spread(burst.count), within(burst.count)
    step, period = np.diff(burst.offset_ms), movements.sample_ms[row[1:]]
    assert (step[number[1:] > 0] >= 0).all()
    # The last step is cut off by the movement's end.
    whole = (number[1:] > 0) & (number[1:] < burst.count[row[1:]] - 1)
    late = (step - period)[whole]
    assert (abs(late) <= period[whole] // 2).all()
    assert abs(late.mean()) < 0.2
    assert len(np.unique(late)) > 5


def test_speed_is_bell_shaped_with_its_peak_near_the_middle() -> None:
    movements = _movements()
    burst = sample(_RNG, np.arange(len(movements)), movements)
    row = spread(burst.count)
    inner = np.diff(row) == 0
    way = np.hypot(np.diff(burst.x_px.astype(float)), np.diff(burst.y_px.astype(float)))[inner]
    share = (burst.offset_ms / movements.duration_ms[row])[1:][inner]
    tenth = np.minimum((share * 10).astype(int), 9)
    path = np.bincount(row[1:][inner], way, minlength=len(movements))
    relative = np.bincount(tenth, way / np.maximum(path, 1)[row[1:][inner]], minlength=10)
    assert relative.argmax() in (4, 5)
    assert (np.diff(relative[:5]) > 0).all()
    assert (np.diff(relative[5:]) < 0).all()
    assert relative[0] < 0.03 * relative.sum()


def test_a_bowed_path_strays_by_its_bow_at_most_and_a_straight_one_not_at_all() -> None:
    for bow in (0.0, 0.05):
        movements = _movements(bow=bow)
        burst = sample(_RNG, np.arange(len(movements)), movements)
        row = spread(burst.count)
        chord_x = (movements.to_x_px - movements.from_x_px)[row]
        chord_y = (movements.to_y_px - movements.from_y_px)[row]
        x, y = burst.x_px - movements.from_x_px[row], burst.y_px - movements.from_y_px[row]
        aside = (chord_x * y - chord_y * x) / np.maximum(np.hypot(chord_x, chord_y), 1)
        assert (abs(aside) <= abs(movements.bow_px[row]) + 1).all()
        assert (abs(aside).max() > 5) == (bow > 0)


def test_difficulty_is_shannons() -> None:
    assert index_of_difficulty(np.array([0.0, 30.0, 70.0]), np.array([10.0])).tolist() == [0, 2, 3]
