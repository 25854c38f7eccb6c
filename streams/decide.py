"""Step 4, decide: one fate per event for a purpose, and how many of each per batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from events.outcomes import Rejected, Withheld
from events.policy import PurposePolicy
from streams.decode import Batches
from streams.fate import FATES, PASSED, REJECTED, WITHHELD, Fate

_CODES = 256


def decide(
    batches: Batches, consent: Fate, soundness: Fate, limits: PurposePolicy, now_ms: int
) -> Fate:
    """One fate per event, uint8[e]: what ``consent`` (per batch) says comes first, since events of
    a person who has not agreed are not looked at, nor those that have no keys; then soundness,
    retention, the actions taken."""
    collected = np.zeros(_CODES, dtype=np.bool_)
    collected[list(limits.action_codes)] = True
    fates = np.where(collected[batches.action], PASSED, WITHHELD[Withheld.ACTION_NOT_COLLECTED])
    too_old = batches.time_ms < now_ms - limits.retention_ms
    fates = np.where(too_old, REJECTED[Rejected.BEFORE_RETENTION], fates)
    fates = np.where(soundness != PASSED, soundness, fates)
    by_person = consent[batches.owner]
    return np.where(by_person != PASSED, by_person, fates).astype(np.uint8)


def count_fates(batches: Batches, fates: Fate) -> NDArray[np.int64]:
    """int64[n, FATES]: events of each batch that met each fate. Each row sums to the batch."""
    cells = batches.owner.astype(np.int64) * FATES + fates
    return np.bincount(cells, minlength=len(batches) * FATES).reshape(len(batches), FATES)
