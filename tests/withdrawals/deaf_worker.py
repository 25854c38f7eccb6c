"""A worker that never hears that anybody withdraws, to see that the measurement does:

python -m tests.withdrawals.deaf_worker worker
"""

from __future__ import annotations

from collections.abc import Callable

import glasshouse
from events.consent import ConsentAction, ConsentRecord
from streams.ledger import Ledger

Apply = Callable[[Ledger, ConsentRecord], None]


def deaf(apply: Apply) -> Apply:
    """``apply``, but for grants alone."""

    def hear(ledger: Ledger, word: ConsentRecord) -> None:
        if word.action is ConsentAction.GRANT:
            apply(ledger, word)

    return hear


if __name__ == "__main__":
    setattr(Ledger, "apply", deaf(Ledger.apply))  # noqa: B010 (an assignment mypy refuses)
    glasshouse.main()
