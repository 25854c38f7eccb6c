"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """``remedy`` is empty exactly where nothing is wrong."""

    check: str
    found: str
    remedy: str = ""

    @property
    def ok(self) -> bool:
        return not self.remedy
