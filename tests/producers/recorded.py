"""Small recordings in both formats, as text on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

BALABIT_HEADER = "record timestamp,client timestamp,button,state,x,y"


def balabit_session(folder: Path, user: str, session: str, rows: Sequence[str]) -> Path:
    """``folder/user/session`` with the header and ``rows``."""
    file = folder / user / session
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([BALABIT_HEADER, *rows, ""]), encoding="utf-8")
    return file


def ducktrack_session(
    folder: Path, lines: Sequence[object], metadata: object = None, name: str = "events.jsonl"
) -> Path:
    """A DuckTrack recording in ``folder``; a line that is a str is written as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / name).write_text("\n".join(text) + "\n", encoding="utf-8")
    size = {"screen_width": 1512, "screen_height": 982} if metadata is None else metadata
    (folder / "metadata.json").write_text(json.dumps(size), encoding="utf-8")
    return folder
