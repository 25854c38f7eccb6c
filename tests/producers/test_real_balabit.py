"""The real recordings, counted a second time by a script that shares no code with the reader.

Runs where the environment names them: BALABIT_TRAINING_FILES=<folder with USER/session_N>.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from events.clock import SystemClock
from events.vocabulary import OUTSIDE_PX, Action
from producers.find_recordings import find_recordings

FOLDER = os.environ.get("BALABIT_TRAINING_FILES", "")
needs_recordings = pytest.mark.skipif(
    not FOLDER, reason="BALABIT_TRAINING_FILES does not name the recordings, which are not ours"
)

Counts = tuple[int, int, int, int]


def counted_by_hand(folder: Path) -> dict[tuple[str, str], Counts]:
    """For each user and session: rows, presses, scrolls, and rows outside the screen."""
    counts = {}
    for file in folder.glob("*/session_*"):
        states: Counter[str] = Counter()
        outside = 0
        with file.open(newline="") as lines:
            for row in csv.DictReader(lines):
                states[row["state"]] += 1
                outside += "65535" in (row["x"], row["y"])
        scrolls = states["Up"] + states["Down"]
        counts[file.parent.name, file.name] = (
            states.total(),
            states["Pressed"],
            scrolls,
            outside,
        )
    return counts


@needs_recordings
def test_every_session_has_the_rows_presses_and_scrolls_of_its_file() -> None:
    clock = SystemClock()
    started_s = clock.monotonic_s()
    read: dict[tuple[str, str], Counts] = {}
    for recording in find_recordings(Path(FOLDER)):
        session = recording.read()
        columns = session.columns
        assert session.unreadable_rows == 0
        read[recording.subject, recording.session] = (
            len(columns),
            int(np.count_nonzero(columns.action == Action.BUTTON_DOWN)),
            int(np.count_nonzero(columns.action == Action.SCROLL)),
            int(np.count_nonzero((columns.x_px == OUTSIDE_PX) | (columns.y_px == OUTSIDE_PX))),
        )
    seconds = clock.monotonic_s() - started_s
    assert read == counted_by_hand(Path(FOLDER))
    assert sum(rows for rows, *_ in read.values()) / seconds > 500_000
