"""A bad message harms only itself; too many in a row mean that something else is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from events.errors import DeadLetterLimit
from streams.decode import Broken


@dataclass(slots=True)
class RefusalLimit:
    """Counts messages refused whole, in a row, in one partition."""

    limit: int
    in_a_row: int = 0
    _last_offset: int = -1

    def note(self, message_count: int, broken: Sequence[Broken], last_offset: int) -> None:
        """Take in what happened to ``message_count`` messages that end at ``last_offset``.

        Raises ``DeadLetterLimit`` where the run of bad ones that is still going on exceeds the
        limit: a run that has ended by itself was not a lasting fault.
        """
        if last_offset <= self._last_offset:  # taken again, after a rebalance: a new count
            self.in_a_row = 0
        self._last_offset = last_offset
        refused = {entry.offset for entry in broken}
        if len(refused) == message_count:
            self.in_a_row += message_count
        else:
            self.in_a_row = 0
            while last_offset - self.in_a_row in refused:
                self.in_a_row += 1
        if self.in_a_row > self.limit:
            reason = max(broken, key=lambda entry: entry.offset).reason
            raise DeadLetterLimit(
                f"{self.in_a_row} messages in a row were refused, the last at offset "
                f"{last_offset} as {reason.value}. Nothing of them is lost: they are still in the "
                "raw topic. Look at what the producers send; to go on all the same, raise "
                "--dead-letter-limit."
            )
