"""A worker that never hears that anybody withdraws, to see that the measurement does:

python -m tests.withdrawals.deaf_worker worker
"""

from __future__ import annotations

from collections.abc import Callable

import glasshouse
from events.consent import ConsentAction
from events.consent_chain import Chain, Entry

Take = Callable[[Chain, Entry], bool]
_YES = (ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT)


def deaf(take: Take) -> Take:
    """``take``, but for a yes alone."""

    def hear(chain: Chain, entry: Entry) -> bool:
        return take(chain, entry) if entry.action in _YES else True

    return hear


if __name__ == "__main__":
    setattr(Chain, "take", deaf(Chain.take))  # noqa: B010 (an assignment mypy refuses)
    glasshouse.main()
