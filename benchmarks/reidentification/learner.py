"""What the attacks need of machine learning, and learners that need NumPy alone.

The figures are made with ``forest.py``. Tests of the attacks use these, so that the suite needs no
further package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmarks.reidentification.sessions import Floats, Ints


class Model(Protocol):
    """Something that was fitted."""

    def scores(self, features: Floats) -> Floats:
        """float64[n, classes]: how probable each class is for each row; rows sum to 1."""
        ...


class Learner(Protocol):
    """Fits a model. The same input and seed give the same model."""

    def fit(self, features: Floats, labels: Ints, seed: int) -> Model:
        """A model of ``labels`` int64[n], each of 0 .. classes - 1 at least once."""
        ...


class PlaceModel(Protocol):
    """Something that was fitted to say a place."""

    def places(self, features: Floats) -> Floats:
        """float64[n, 2]: a place for each row, px."""
        ...


class PlaceLearner(Protocol):
    """Fits a model of places."""

    def fit(self, features: Floats, places: Floats, seed: int) -> PlaceModel:
        """A model of ``places`` float64[n, 2], px."""
        ...


@dataclass(frozen=True, slots=True)
class _GaussianModel:
    mean: Floats
    variance: Floats

    def scores(self, features: Floats) -> Floats:
        off = features[:, None, :] - self.mean[None]
        log = -0.5 * (off**2 / self.variance + np.log(self.variance)).sum(axis=2)
        odds = np.exp(log - log.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Naive Bayes with a normal distribution for each class and feature."""

    def fit(self, features: Floats, labels: Ints, seed: int) -> Model:
        del seed  # nothing is drawn
        # A thousandth of a feature's whole variance keeps a constant one from deciding alone.
        floor = 1e-3 * features.var(axis=0) + 1e-9
        classes = range(int(labels.max()) + 1)
        mean = np.stack([features[labels == each].mean(axis=0) for each in classes])
        variance = np.stack([features[labels == each].var(axis=0) for each in classes])
        return _GaussianModel(mean, variance + floor)


@dataclass(frozen=True, slots=True)
class _PlaneModel:
    weights: Floats

    def places(self, features: Floats) -> Floats:
        return np.asarray(np.column_stack([features, np.ones(len(features))]) @ self.weights)


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """A place as a linear function of the features."""

    def fit(self, features: Floats, places: Floats, seed: int) -> PlaceModel:
        del seed  # nothing is drawn
        rows = np.column_stack([features, np.ones(len(features))])
        return _PlaneModel(np.asarray(np.linalg.lstsq(rows, places, rcond=None)[0], np.float64))
