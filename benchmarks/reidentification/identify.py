"""The attack within a purpose: whose are these rows, given other sessions of the same people?

The attacker has sessions with names to them, from wherever, cut down to the policy's grid and tick,
which is public; and sees sessions without names. Nobody outside the known people is among the
attacked, as in the literature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.reidentification.learner import Learner
from benchmarks.reidentification.measures import auc, equal_error_rate, top_1
from benchmarks.reidentification.samples import Piece, Samples
from benchmarks.reidentification.sessions import Floats, Ints

#: Nobody counts for more samples than this: enough for a forest, and fair to who moves little.
MOST_SAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """``auc`` and ``eer`` are means over people of "is it this person?"; ``top_1`` is how often the
    likeliest person is the right one; ``pieces`` is how many were judged. For ``top_1`` each
    person's scores are first brought to mean 0 and deviation 1 over all pieces, as is usual where
    some people are likelier throughout (z-norm, from speaker verification)."""

    auc: float
    eer: float
    top_1: float
    pieces: int

    def to_json(self) -> dict[str, float]:
        return asdict(self)


def identify(
    known: Samples,
    attacked: Samples,
    learner: Learner,
    pieces: Mapping[str, Piece],
    seed: int,
) -> dict[str, Verdict]:
    """A verdict for each way to cut what is ``attacked``; a piece scores the mean of its samples.
    The people of both are 0 .. n - 1, each with samples in ``known``."""
    taken = _drawn(known.person, seed)
    model = learner.fit(known.features[taken], known.person[taken], seed)
    scores = model.scores(attacked.features)
    return {name: judge(scores, attacked, piece) for name, piece in pieces.items()}


def judge(scores: Floats, attacked: Samples, piece: Piece) -> Verdict:
    """How right ``scores`` float64[n, people] of the samples are, taken piece by piece."""
    number = piece.numbers(attacked)
    full = number >= 0
    _, place, size = np.unique(number[full], return_inverse=True, return_counts=True)
    if not len(size):
        return Verdict(float("nan"), float("nan"), float("nan"), 0)
    sums = np.zeros((len(size), scores.shape[1]))
    np.add.at(sums, place, scores[full])
    means = sums / size[:, None]
    truth = np.zeros(len(size), dtype=np.int64)
    truth[place] = attacked.person[full]
    each = range(scores.shape[1])
    return Verdict(
        float(np.nanmean([auc(means[:, one], truth == one) for one in each])),
        float(np.nanmean([equal_error_rate(means[:, one], truth == one) for one in each])),
        top_1((means - means.mean(axis=0)) / (means.std(axis=0) + 1e-9), truth),
        len(size),
    )


def _drawn(person: Ints, seed: int) -> Ints:
    """At most ``MOST_SAMPLES`` samples of each person, at random."""
    draw = np.random.default_rng(seed)
    parts = [
        draw.permutation(np.flatnonzero(person == each))[:MOST_SAMPLES]
        for each in range(int(person.max()) + 1)
    ]
    return np.sort(np.concatenate(parts))
