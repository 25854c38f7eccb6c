"""The forests, where scikit-learn is installed (`make reidentification` installs it)."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is for the benchmark alone")

from benchmarks.reidentification.forest import Forest, PlaceForest


def test_a_forest_tells_apart_what_differs_and_is_the_same_each_time() -> None:
    draw = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 50)
    features = draw.normal(labels[:, None], 0.2, (150, 3))
    scores = Forest(1).fit(features, labels, seed=1).scores(features)
    assert scores.sum(axis=1) == pytest.approx(1)
    assert (scores.argmax(axis=1) == labels).mean() > 0.95
    again = Forest(2).fit(features, labels, seed=1).scores(features)
    assert np.allclose(scores, again, rtol=0, atol=1e-12)  # sums in another order


def test_a_place_forest_says_places() -> None:
    places = np.random.default_rng(0).uniform(0, 1_000, (400, 2))
    said = PlaceForest(1).fit(places, places, seed=0).places(places)
    assert np.median(np.hypot(*(said - places).T)) < 60
