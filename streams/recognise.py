"""Step 2, still: whoever has no secret has no name here, so nothing of theirs can pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from events.batch import Header
from events.outcomes import Withheld
from events.subject_secret import SubjectSecret
from streams.fate import PASSED, WITHHELD, Fate


def recognise(headers: Sequence[Header], consent: Fate, known: Mapping[str, SubjectSecret]) -> Fate:
    """``consent`` (one fate per batch), but withheld where it says PASSED and the person has no
    secret, or has it for later batches only: who was forgotten comes back as somebody else, and
    nothing from before comes with them."""
    nameless = np.array(
        [
            (secret := known.get(header.subject)) is None or header.base_time_ms < secret.from_ms
            for header in headers
        ],
        dtype=np.bool_,
    )
    no = WITHHELD[Withheld.NO_SECRET]
    return np.where((consent == PASSED) & nameless, no, consent).astype(np.uint8)
