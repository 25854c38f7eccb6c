"""Which key epoch a batch belongs to, and what becomes of the batches of an epoch without keys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from events.batch import Header
from events.outcomes import Rejected
from streams.fate import PASSED, REJECTED, Fate
from streams.key_ring import KeyEpoch, KeyRing


def epochs_of(headers: Sequence[Header], ring: KeyRing, latest_ms: int) -> list[KeyEpoch | None]:
    """The epoch of each batch. None where it begins after ``latest_ms``: none of its events can
    pass, and its epoch may not have been made yet, so there is nothing to name it by.

    Raises ``Retry`` where ``ring`` is not known up to ``latest_ms`` and a batch needs that.
    """
    return [
        ring.at(header.base_time_ms) if header.base_time_ms <= latest_ms else None
        for header in headers
    ]


def without_keys(consent: Fate, epochs: Sequence[KeyEpoch | None]) -> Fate:
    """One fate per batch, uint8[n]: what ``consent`` says, but where a person agrees and the keys
    of the epoch were destroyed. Such a batch has no pseudonyms, and never gets those of another
    epoch: its rows would double if it had been judged before."""
    gone = np.array([epoch is not None and epoch.is_destroyed for epoch in epochs], dtype=np.bool_)
    refused = REJECTED[Rejected.EPOCH_DESTROYED]
    return np.where(gone & (consent == PASSED), refused, consent).astype(np.uint8)
