"""Runs a command of glasshouse that stands still once, as by ``kill -STOP``, before a step of the
outbox of the raw topic:

    python -m tests.containers.stop_at _commit worker
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

import glasshouse
from events.topics import Topic
from streams.outbox import Outbox


def plant(step: str) -> None:
    """Put the stop before the first call of ``step``."""
    call = getattr(Outbox, step)
    left = [1]

    def stand_still_first(self: Outbox, *arguments: Any) -> Any:
        if self.source is Topic.RAW and left:
            left.pop()
            # To this thread: one to the process is taken by any, while this goes on for a moment.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        return call(self, *arguments)

    setattr(Outbox, step, stand_still_first)


if __name__ == "__main__":
    plant(sys.argv.pop(1))
    glasshouse.main()
