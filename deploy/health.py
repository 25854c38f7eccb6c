"""Whether the worker or loader of this container is well, asked of its own metrics.

    python -m deploy.health 9464 [--ledger]

Exit status 0 if it serves its metrics, which it does only once it has found its servers; with
``--ledger`` also only if the consent ledger was proved current lately: without that a worker lives,
but passes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from urllib.error import URLError
from urllib.request import urlopen

_ANSWER_S = 5.0
#: Ten times as long as a ledger may be old by default: a short outage of Kafka is no illness.
_LEDGER_AGE_S = 20.0
_LEDGER_AGE = "glasshouse_ledger_age_seconds "


def fault_of(metrics: str, needs_ledger: bool) -> str:
    """What is wrong by these metrics (Prometheus text); empty if nothing is."""
    if not needs_ledger:
        return ""
    ages = [line.split()[1] for line in metrics.splitlines() if line.startswith(_LEDGER_AGE)]
    age_s = float(ages[0]) if ages else float("inf")
    return "" if age_s <= _LEDGER_AGE_S else f"the consent ledger is {age_s:.0f} s old"


def main(arguments: Sequence[str]) -> str:
    """The fault of the process whose metrics are on port ``arguments[0]``."""
    port, *flags = arguments
    try:
        with urlopen(f"http://127.0.0.1:{int(port)}/metrics", timeout=_ANSWER_S) as answer:
            return fault_of(answer.read().decode(), "--ledger" in flags)
    except URLError as error:
        return f"no metrics on port {port}: {error.reason}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) or 0)
