"""How well an attack works: AUC, equal error rate, identification."""

from __future__ import annotations

import numpy as np

from benchmarks.reidentification.sessions import Bools, Floats, Ints


def auc(scores: Floats, genuine: Bools) -> float:
    """Probability that a genuine sample scores higher than another one, ties counting half (the
    area under the ROC curve; Mann and Whitney 1947). 0.5 is chance. NaN without both kinds."""
    inside, outside = int(genuine.sum()), int((~genuine).sum())
    if not inside or not outside:
        return float("nan")
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((rank[genuine].sum() - inside * (inside + 1) / 2) / (inside * outside))


def equal_error_rate(scores: Floats, genuine: Bools) -> float:
    """The error rate at the threshold where as large a share of genuine samples is refused as of
    others is let in; the mean of the two where no threshold makes them equal. NaN without both
    kinds."""
    if not genuine.any() or genuine.all():
        return float("nan")
    thresholds = np.append(np.unique(scores), np.inf)
    refused = np.searchsorted(np.sort(scores[genuine]), thresholds) / genuine.sum()
    let_in = 1 - np.searchsorted(np.sort(scores[~genuine]), thresholds) / (~genuine).sum()
    nearest = np.argmin(np.abs(refused - let_in))
    return float((refused[nearest] + let_in[nearest]) / 2)


def top_1(scores: Floats, truth: Ints) -> float:
    """How often the class with the highest score is the true one; a tie counts its share."""
    best = scores >= scores.max(axis=1, keepdims=True)
    hit = best[np.arange(len(truth)), truth]
    return float((hit / best.sum(axis=1)).mean()) if len(truth) else float("nan")


def macro_f1(said: Ints, truth: Ints, classes: int) -> float:
    """Mean over the classes that occur of the harmonic mean of precision and recall."""
    values = []
    for each in range(classes):
        right = np.count_nonzero((said == each) & (truth == each))
        either = np.count_nonzero(said == each) + np.count_nonzero(truth == each)
        if np.any(truth == each):
            values.append(2 * right / either)
    return float(np.mean(values)) if values else float("nan")
