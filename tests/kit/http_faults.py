"""How the endpoint fails, as data; and which statement meets which fault."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "drop",  # close the connection; nothing was done
    "status",  # answer with an HTTP status and no ClickHouse code; nothing was done
    "error",  # answer with a ClickHouse error; nothing was done
    "silence_before",  # wait ``seconds``, close the connection without a word; nothing was done
    "silence_after",  # do it, wait ``seconds``, close the connection without a word
    "cut_answer",  # do it, and close the connection in the middle of the answer
    "slow",  # wait ``seconds``, then do it and answer
]


@dataclass(frozen=True, slots=True)
class Fault:
    """Done to the next ``times`` statements that hold the text ``within`` (empty: to any)."""

    kind: Kind
    within: str = ""
    times: int = 1
    seconds: float = 0.0
    status: int = 500
    code: int = 0


@dataclass(slots=True)
class Plan:
    """Faults still to come, and how many statements met one, or none, so far."""

    faults: list[Fault] = field(default_factory=list)
    met: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, faults: Sequence[Fault]) -> None:
        """In place of those that are still to come; counting begins anew."""
        with self._lock:
            self.faults, self.met = list(faults), {}

    def next(self, statement: bytes) -> Fault | None:
        """The fault that ``statement`` meets."""
        with self._lock:
            fault = self._take(statement[:2_000].decode(errors="replace"))
            kind = fault.kind if fault else "none"
            self.met[kind] = self.met.get(kind, 0) + 1
            return fault

    def _take(self, text: str) -> Fault | None:
        for place, fault in enumerate(self.faults):
            if fault.within in text:
                left = fault.times - 1
                rest = [
                    Fault(fault.kind, fault.within, left, fault.seconds, fault.status, fault.code)
                ]
                self.faults[place : place + 1] = rest if left > 0 else []
                return fault
        return None
