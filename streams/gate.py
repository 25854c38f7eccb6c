"""Step 2, gate: off unless granted, judged as of now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from events.batch import Header
from events.purposes import Purpose
from streams.fate import PASSED, WITHHELD, Fate
from streams.ledger import Ledger


def gate(headers: Sequence[Header], purpose: Purpose, ledger: Ledger, notice_version: str) -> Fate:
    """One fate per batch, uint8[n]: PASSED, or why the person's events may not flow.

    The ledger must be current: whoever calls this has waited for that.
    """
    fates = np.empty(len(headers), dtype=np.uint8)
    for place, header in enumerate(headers):
        objection = ledger.objection(header.subject, purpose, notice_version)
        fates[place] = PASSED if objection is None else WITHHELD[objection]
    return fates
