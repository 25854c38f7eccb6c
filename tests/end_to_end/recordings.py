"""Made-up recordings in the Balabit layout, with the dirt that real ones have."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from events.clock import MS_PER_DAY, SystemClock, to_datetime

HEADER = "record timestamp,client timestamp,button,state,x,y"
#: Names that occur nowhere else, so that a log can be searched for them.
USERS = tuple(f"anybody-q7x-{number:02d}" for number in range(1, 12))
ROWS_PER_SESSION = 1_100
#: Rows that are no events, one a session at most.
BAD_ROWS = (
    "1.5,soon,NoButton,Move,10,10",
    "1.5,1.4,Left,Hover,10,10",
    "1.5,1.4,NoButton,Move,ten,10",
    "torn off",
)


def sessions_of(user: str) -> int:
    """How many sessions a user has: 2 to 5, so that the later days have fewer people."""
    return 2 + USERS.index(user) % 4


def first_day() -> str:
    """A date for ``--start``: all sessions are past, and within every retention."""
    return f"{to_datetime(SystemClock().now_ms() - 60 * MS_PER_DAY):%Y-%m-%d}"


def write_recordings(folder: Path, users: tuple[str, ...] = USERS) -> Path:
    """``folder/USER/session_N``; always the same bytes for the same user."""
    for user in users:
        (folder / user).mkdir(parents=True)
        for number in range(sessions_of(user)):
            rng = np.random.default_rng([USERS.index(user), number])
            rows = [HEADER, *_rows(rng)]
            if number < len(BAD_ROWS) and USERS.index(user) % 3 == 0:
                rows.insert(len(rows) // 2, BAD_ROWS[number])
            file = folder / user / f"session_{rng.integers(10**9, 10**10)}"
            file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def _rows(rng: np.random.Generator) -> list[str]:
    """A walk with clicks, drags and scrolls; gaps, a clock that steps back, places outside the
    screen, and rows that are there twice."""
    steps_s = rng.choice([0.0, 0.008, 0.031, 0.109, 0.4, 3.0], ROWS_PER_SESSION)
    steps_s[rng.random(ROWS_PER_SESSION) < 0.003] = 80.0
    steps_s[rng.random(ROWS_PER_SESSION) < 0.002] = -0.2
    times_s = np.maximum(np.cumsum(steps_s) + 1.0, 0.0)
    x = np.clip(np.cumsum(rng.normal(0, 30, ROWS_PER_SESSION)) + 960, 0, 1919).astype(int)
    y = np.clip(np.cumsum(rng.normal(0, 20, ROWS_PER_SESSION)) + 540, 0, 1079).astype(int)
    outside = rng.random(ROWS_PER_SESSION) < 0.004
    x[outside], y[outside] = 65_535, 65_535
    rows: list[str] = []
    held = ""
    for time_s, at_x, at_y, chance in zip(
        times_s.tolist(), x.tolist(), y.tolist(), rng.random(ROWS_PER_SESSION).tolist(), strict=True
    ):
        button, state = "NoButton", "Drag" if held else "Move"
        if chance < 0.05:
            button, state = (held, "Released") if held else ("Left", "Pressed")
            if chance < 0.01 and not held:
                button = "Right" if chance < 0.005 else "XButton"
            held = "" if held else button
        elif chance < 0.08:
            button, state = "Scroll", "Up" if chance < 0.065 else "Down"
        rows.append(f"{time_s + 0.05!r},{time_s!r},{button},{state},{at_x},{at_y}")
        if chance > 0.99:
            rows.append(rows[-1])
    return rows
