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
    by_action = np.full(_CODES, WITHHELD[Withheld.ACTION_NOT_COLLECTED], dtype=np.uint8)
    by_action[list(limits.action_codes)] = PASSED
    fates = by_action[batches.action]
    too_old = batches.time_ms < now_ms - limits.retention_ms
    fates = np.where(too_old, np.uint8(REJECTED[Rejected.BEFORE_RETENTION]), fates)
    fates = np.where(soundness != PASSED, soundness, fates)
    by_person = np.repeat(consent, batches.event_count)
    return np.where(by_person != PASSED, by_person, fates)


def count_fates(batches: Batches, fates: Fate) -> NDArray[np.int64]:
    """int64[n, FATES]: events of each batch that met each fate. Each row sums to the batch."""
    if not fates.any():
        counts = np.zeros((len(batches), FATES), dtype=np.int64)
        counts[:, PASSED] = batches.event_count
        return counts
    cells = batches.owner.astype(np.int64) * FATES + fates
    return np.bincount(cells, minlength=len(batches) * FATES).reshape(len(batches), FATES)
