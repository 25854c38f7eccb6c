"""AUC, equal error rate, identification and F1, against their definitions."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.reidentification.measures import auc, equal_error_rate, macro_f1, top_1

scored = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30).filter(
    lambda pairs: len({genuine for _, genuine in pairs}) == 2
)


@given(scored)
def test_the_auc_is_the_share_of_pairs_in_the_right_order(pairs: list[tuple[int, bool]]) -> None:
    inside = [score for score, genuine in pairs if genuine]
    outside = [score for score, genuine in pairs if not genuine]
    wins = [(a > b) + 0.5 * (a == b) for a, b in product(inside, outside)]
    scores, genuine = np.array(pairs).T
    assert auc(scores.astype(float), genuine.astype(bool)) == pytest.approx(np.mean(wins))


@given(scored)
def test_the_equal_error_rate_is_never_above_what_guessing_gives_by_more_than_a_step(
    pairs: list[tuple[int, bool]],
) -> None:
    scores, genuine = np.array(pairs).T
    rate = equal_error_rate(scores.astype(float), genuine.astype(bool))
    assert 0 <= rate <= 1
    assert equal_error_rate(genuine.astype(float), genuine.astype(bool)) == 0


def test_scores_that_say_nothing_have_an_equal_error_rate_of_a_half() -> None:
    assert equal_error_rate(np.ones(10), np.arange(10) < 5) == pytest.approx(0.5)


def test_without_both_kinds_there_is_no_figure() -> None:
    assert math.isnan(auc(np.ones(3), np.ones(3, dtype=bool)))
    assert math.isnan(equal_error_rate(np.ones(3), np.zeros(3, dtype=bool)))


def test_a_tie_counts_its_share() -> None:
    scores = np.array([[0.5, 0.5, 0.0], [0.1, 0.2, 0.7], [1.0, 0.0, 0.0]])
    assert top_1(scores, np.array([0, 2, 1])) == pytest.approx((0.5 + 1 + 0) / 3)


def test_macro_f1_weighs_every_kind_alike() -> None:
    truth = np.array([0, 0, 0, 0, 1])
    assert macro_f1(truth, truth, 3) == 1
    # Always saying 0: precision 0.8, recall 1 for it; nothing right of 1; 2 does not occur.
    assert macro_f1(np.zeros(5, dtype=int), truth, 3) == pytest.approx((2 * 0.8 / 1.8) / 2)
