"""The attack finds people who differ, and nobody where there is no difference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.reidentification.granularity import RAW, Granularity
from benchmarks.reidentification.identify import identify, judge
from benchmarks.reidentification.learner import Gaussian
from benchmarks.reidentification.samples import Piece, Samples, Unit, action_samples
from benchmarks.reidentification.sessions import sessions_of
from benchmarks.reidentification.splits import halves
from producers.find_recordings import find_recordings
from tests.benchmarks.made import write_recordings

SESSION = {"a session": Piece(Unit.SESSION), "1 action": Piece(Unit.SAMPLES)}


def attacked(folder: Path, granularity: Granularity) -> dict[str, float]:
    """AUC by piece, over three splits."""
    recordings = find_recordings(folder)
    samples = action_samples(sessions_of(recordings, granularity))
    persons = [int(samples.person[samples.session == n][0]) for n in range(len(recordings))]
    found = []
    for seed in range(3):
        split = halves(persons, seed)
        halved = samples.of(split.known), samples.of(split.attacked)
        found.append(identify(*halved, Gaussian(), SESSION, seed))
    return {piece: float(np.mean([each[piece].auc for each in found])) for piece in SESSION}


@pytest.mark.parametrize("granularity", [RAW, Granularity(16, 50)])
def test_people_of_different_speed_are_found(tmp_path: Path, granularity: Granularity) -> None:
    found = attacked(write_recordings(tmp_path, [300, 600, 1_200, 2_400]), granularity)
    assert found["a session"] > 0.95
    assert 0.6 < found["1 action"] < found["a session"]


def test_nobody_is_found_among_people_who_are_alike(tmp_path: Path) -> None:
    found = attacked(write_recordings(tmp_path, [800] * 6, sessions=6, actions=30), RAW)
    assert 0.35 < found["a session"] < 0.65
    assert 0.45 < found["1 action"] < 0.55


def test_a_piece_scores_the_mean_of_its_samples() -> None:
    one = np.array([0, 0, 1, 1])
    samples = Samples(np.zeros((4, 1)), one, one, np.zeros(4, dtype=int))
    scores = np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.6, 0.4]])
    whole = judge(scores, samples, Piece(Unit.SESSION))
    assert (whole.auc, whole.eer, whole.top_1, whole.pieces) == (1, 0, 1, 2)
    single = judge(scores, samples, Piece(Unit.SAMPLES))
    assert (single.top_1, single.pieces) == (0.5, 4)


def test_without_a_full_piece_there_is_no_figure() -> None:
    one = np.zeros(2, dtype=int)
    samples = Samples(np.zeros((2, 1)), one, one, one)
    verdict = judge(np.ones((2, 1)), samples, Piece(Unit.SAMPLES, 3))
    assert verdict.pieces == 0
    assert np.isnan(verdict.auc)
