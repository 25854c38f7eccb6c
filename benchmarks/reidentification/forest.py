"""Random forests (Breiman 2001), which the literature uses on this data set, from scikit-learn.

It is installed apart: see ``requirements.lock``. Everybody is in one forest, and its probability of
a person is that person's verifier.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier

from benchmarks.reidentification.learner import Model, PlaceModel
from benchmarks.reidentification.sessions import Floats, Ints

TREES = 50
_LEAST_IN_A_LEAF = 2
#: Up to about here an error counts in px, beyond it as a ratio.
_NEAR_PX = 20.0


@dataclass(frozen=True, slots=True)
class _ForestModel:
    forest: RandomForestClassifier

    def scores(self, features: Floats) -> Floats:
        return np.asarray(self.forest.predict_proba(features.astype(np.float32)))


@dataclass(frozen=True, slots=True)
class Forest:
    """``processes`` threads build the trees; the forest is the same for any number."""

    processes: int

    def fit(self, features: Floats, labels: Ints, seed: int) -> Model:
        forest = RandomForestClassifier(
            n_estimators=TREES,
            min_samples_leaf=_LEAST_IN_A_LEAF,
            class_weight="balanced",
            n_jobs=self.processes,
            random_state=seed,
        )
        return _ForestModel(forest.fit(features.astype(np.float32), labels))


@dataclass(frozen=True, slots=True)
class _PlaceModel:
    trees: ExtraTreesRegressor

    def places(self, features: Floats) -> Floats:
        said = self.trees.predict(features.astype(np.float32))
        return np.asarray(np.sinh(said) * _NEAR_PX)


@dataclass(frozen=True, slots=True)
class PlaceForest:
    """Extremely randomised trees (Geurts et al. 2006) that say how far to go, right and down. They
    learn the inverse hyperbolic sine of it: few long ways must not outweigh all short ones."""

    processes: int

    def fit(self, features: Floats, places: Floats, seed: int) -> PlaceModel:
        trees = ExtraTreesRegressor(
            n_estimators=TREES, min_samples_leaf=5, n_jobs=self.processes, random_state=seed
        )
        return _PlaceModel(trees.fit(features.astype(np.float32), np.arcsinh(places / _NEAR_PX)))
