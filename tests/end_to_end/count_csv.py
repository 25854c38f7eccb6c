"""Counts Balabit recordings with nothing but the csv module: what the tables are held against.

Shares no code with the project. Run as a script it prints one JSON object a session.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

WIDTH_PX, HEIGHT_PX = 1920, 1080
STATES = {"Move", "Drag", "Pressed", "Released", "Up", "Down"}


@dataclass(slots=True)
class SessionCount:
    """``rows`` are events; ``outside`` of them lie outside the screen. ``inside``, ``presses`` and
    ``scrolls`` count events inside it. Rows that are no events are at ``unreadable_lines``."""

    user: str
    session: str
    rows: int = 0
    outside: int = 0
    inside: int = 0
    presses: int = 0
    scrolls: int = 0
    unreadable_lines: list[int] = field(default_factory=list)


def count_session(file: Path) -> SessionCount:
    count = SessionCount(file.parent.name, file.name)
    with file.open(newline="", encoding="utf-8") as text:
        lines = csv.reader(text)
        next(lines)
        for row in lines:
            try:
                _, seconds, _, state, x, y = row
                float(seconds)
                inside = 0 <= int(x) < WIDTH_PX and 0 <= int(y) < HEIGHT_PX
            except ValueError:
                count.unreadable_lines.append(lines.line_num)
                continue
            if state not in STATES:
                count.unreadable_lines.append(lines.line_num)
                continue
            count.rows += 1
            count.outside += not inside
            count.inside += inside
            count.presses += inside and state == "Pressed"
            count.scrolls += inside and state in ("Up", "Down")
    return count


def count_folder(folder: Path) -> list[SessionCount]:
    """Every ``USER/session_N``, by user and then by session name."""
    return [count_session(file) for file in sorted(folder.glob("*/session_*"))]


if __name__ == "__main__":
    for counted in count_folder(Path(sys.argv[1])):
        sys.stdout.write(json.dumps(asdict(counted)) + "\n")
