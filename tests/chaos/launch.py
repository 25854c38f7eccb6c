"""Runs `glasshouse worker` or `load` with another clock, or broken on purpose:

    python -m tests.chaos.launch worker CLOCK_MS LIFE [HOW]

The program knows nothing of this: the changes are put around it from outside."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import glasshouse
from events.clock import SystemClock
from streams import run
from tests.chaos.broken import Break, break_it


@dataclass(frozen=True, slots=True)
class ClockThatIsOff:
    """The system's clock, as long as it only measures spans."""

    off_ms: int
    _right: SystemClock = field(default_factory=SystemClock)

    def now_ms(self) -> int:
        return self._right.now_ms() + self.off_ms

    def monotonic_s(self) -> float:
        return self._right.monotonic_s()


def main(command: str, clock_ms: str, life: str, *how: str) -> None:
    setattr(run, "SystemClock", lambda: ClockThatIsOff(int(clock_ms)))  # noqa: B010
    for each in how:
        break_it(Break(each), int(life))
    sys.argv[1:] = [command]
    glasshouse.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
