"""A worker that is told to end does so in time, whatever the broker does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from faust.worker import Worker as FaustWorker

#: Faust leaves its group and commits before it ends, and tries both for as long as the broker has
#: no coordinator for the group. A worker that is well ends within a second or two.
END_WITHIN_S = 20.0


class EndingWorker(FaustWorker):
    """Faust's runner. If the process is still there ``END_WITHIN_S`` after the first SIGTERM or
    Ctrl-C, it calls ``give_up``, from another thread. Nothing is lost by that: what was not
    committed is taken again."""

    give_up: Callable[[str], None]

    def _schedule_shutdown(self, signal: signal.Signals) -> None:
        if self._signal_stop_time:
            return
        text = (
            f"was told to end, and could not leave its group within {END_WITHIN_S:g} s: Kafka does "
            "not answer. What was not committed is taken again."
        )
        limit = threading.Timer(END_WITHIN_S, self.give_up, [text])
        limit.daemon = True
        limit.start()
        super()._schedule_shutdown(signal)
