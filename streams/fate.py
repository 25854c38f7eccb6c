"""What becomes of an event, as one byte: 0 passed, then the withheld reasons, then the rejected."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from events.outcomes import Rejected, Withheld

Fate = NDArray[np.uint8]

PASSED: Final = 0
WITHHELD: Final[dict[Withheld, int]] = {reason: 1 + i for i, reason in enumerate(Withheld)}
REJECTED: Final[dict[Rejected, int]] = {
    reason: 1 + len(WITHHELD) + i for i, reason in enumerate(Rejected)
}
FATES: Final = 1 + len(WITHHELD) + len(REJECTED)
