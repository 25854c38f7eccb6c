"""What the data is still good for is judged against the raw recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.reidentification.granularity import RAW, Granularity
from benchmarks.reidentification.learner import Gaussian, LeastSquares
from benchmarks.reidentification.sessions import sessions_of
from benchmarks.reidentification.splits import halves
from benchmarks.reidentification.usefulness import Usefulness, questions, usefulness
from producers.find_recordings import find_recordings
from producers.recordings import Recording
from tests.benchmarks.made import line, write_recordings

LEARNERS = (Gaussian(), LeastSquares())


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    return find_recordings(write_recordings(tmp_path_factory.mktemp("made"), [700.0] * 2))


def found_at(recordings: list[Recording], granularity: Granularity) -> Usefulness:
    raw, coarse = (sessions_of(recordings, each) for each in (RAW, granularity))
    asked = [questions(*pair) for pair in zip(raw, coarse, strict=True)]
    split = halves([session.person for session in raw], 0)
    return usefulness(asked, granularity, split, LEARNERS, 0)


def test_raw_data_hits_every_target_and_tells_where_a_straight_way_leads(
    recordings: list[Recording],
) -> None:
    found = found_at(recordings, RAW)
    assert found.hits == 1
    assert found.place_px < found.place_px_blind / 2


def test_a_cell_larger_than_a_target_misses_some_of_them(recordings: list[Recording]) -> None:
    assert found_at(recordings, Granularity(16, 50)).hits == 1
    # A cell of 64 px holds a target of 24 px around its middle: (25 / 64) squared.
    assert found_at(recordings, Granularity(64, 250)).hits == pytest.approx((25 / 64) ** 2, abs=0.1)


def test_a_coarse_label_cannot_teach_a_fine_place(recordings: list[Recording]) -> None:
    fine, coarse = (found_at(recordings, each) for each in (RAW, Granularity(512, 1_000)))
    assert fine.place_px < coarse.place_px


def test_the_same_events_are_needed_at_every_setting(tmp_path: Path) -> None:
    one = line(10, 5, 10)
    with pytest.raises(ValueError, match="same events"):
        questions(one, replace(line(9, 5, 10)))
