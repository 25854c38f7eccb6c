"""A library that complains of the same thing many times a second is heard once in a while: a
worker whose broker is away would otherwise write a hundred lines a second."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from events.clock import Clock

EVERY_S = 10.0


@dataclass(slots=True)
class OnceInAWhile:
    """A filter for a log handler: of lines that come from ``libraries`` from the same place of
    their code, one in ``EVERY_S``. All other lines pass."""

    libraries: tuple[str, ...]
    clock: Clock
    _passed_s: dict[tuple[str, int], float] = field(default_factory=dict)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if not record.name.startswith(self.libraries):
            return True
        place, now_s = (record.pathname, record.lineno), self.clock.monotonic_s()
        if now_s - self._passed_s.get(place, -EVERY_S) < EVERY_S:
            return False
        self._passed_s[place] = now_s
        return True
