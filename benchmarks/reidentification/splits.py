"""Which sessions the attacker knows, and which are attacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Split:
    """Places in the list of sessions. No session is in both, and everybody has one in each."""

    known: tuple[int, ...]
    attacked: tuple[int, ...]


def halves(persons: Sequence[int], seed: int) -> Split:
    """Half of everybody's sessions are known, the larger half where their number is odd.
    ``persons`` says whose each session is. ``ValueError`` where somebody has only one."""
    draw = np.random.default_rng(seed)
    known: list[int] = []
    attacked: list[int] = []
    for person in sorted(set(persons)):
        own = [place for place, each in enumerate(persons) if each == person]
        if len(own) < 2:
            raise ValueError("everybody needs two sessions: one to know, one to attack")
        drawn = draw.permutation(own).tolist()
        half = -(-len(own) // 2)
        known += drawn[:half]
        attacked += drawn[half:]
    return Split(tuple(sorted(known)), tuple(sorted(attacked)))
