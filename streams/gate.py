"""Step 2, gate: off unless granted, judged as of now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from events.consent import Terms
from events.outcomes import Withheld
from events.purposes import Purpose
from streams.fate import PASSED, WITHHELD, Fate
from streams.ledger import Ledger


def gate(people: Sequence[bytes], purpose: Purpose, ledger: Ledger, terms: Terms | None) -> Fate:
    """One fate per batch, uint8[n]: PASSED, or why the events of its person, of ``people`` by keyed
    digest, may not flow under the ``terms`` in force; None: there are none, so nobody's may.

    The ledger must be current: whoever calls this has waited for that.
    """
    fates = np.full(len(people), WITHHELD[Withheld.PURPOSE_NOT_REGISTERED], dtype=np.uint8)
    if terms is None:
        return fates
    for place, person in enumerate(people):
        objection = ledger.objection(person, purpose, terms)
        fates[place] = PASSED if objection is None else WITHHELD[objection]
    return fates
