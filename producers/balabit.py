"""Reads the Balabit Mouse Dynamics Challenge's layout: ``USER/session_N``, a CSV without suffix.

    record timestamp,client timestamp,button,state,x,y
    0.231999874115,0.0939999999828,NoButton,Move,1024,410

Time is the client's (seconds since the session's start; the record timestamp is when the network
tap saw it, and lumps). Quotes have no meaning, so a line is a row and line numbers are the file's.
Whole columns at a time: everything is read as bytes, masks decide which rows are sound, and only
those are cast. Source: Fülöp, Kovács, Kurics, Windhager-Pokol (2016).
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from events.clock import MS_PER_S
from events.columns import Column
from events.vocabulary import Action, Button
from producers.batches import EventColumns
from producers.recordings import MAX_EXAMPLES, BadRow, Format, Recording, Screen, SessionEvents

#: The largest screen seen in the recordings, which do not name theirs.
DEFAULT_SCREEN = Screen(1920, 1080)

_HEADER = b"record timestamp,client timestamp,button,state,x,y"
_NAMES = ["record_s", "client_s", "button", "state", "x", "y"]
# Numbers as the recordings write them; at most 31 years, so that no cast can overflow.
_SECONDS = r"^[0-9]{1,9}(\.[0-9]*)?([eE]-[0-9]{1,3})?$"
_PIXELS = r"^-?[0-9]{1,9}$"

_STATES: dict[bytes, Action] = {
    b"Move": Action.MOVE,
    b"Drag": Action.MOVE,
    b"Pressed": Action.BUTTON_DOWN,
    b"Released": Action.BUTTON_UP,
    b"Up": Action.SCROLL,
    b"Down": Action.SCROLL,
}
_STEPS = {b"Up": 1, b"Down": -1}
_BUTTONS: dict[bytes, Button] = {
    b"Left": Button.LEFT,
    b"Right": Button.RIGHT,
    b"Middle": Button.MIDDLE,
    b"XButton": Button.BACK,
}
_UNKNOWN = 255


def recordings_in(folder: Path, screen: Screen) -> list[Recording]:
    """Every ``USER/session_*`` below ``folder``, by user and session name; other files are left
    alone. Nothing is opened yet."""
    return [
        Recording(Format.BALABIT, file.parent.name, file.name, screen, partial(read_session, file))
        for file in sorted(folder.glob("*/session_*"))
        if file.is_file()
    ]


def read_session(file: Path) -> SessionEvents:
    """The events of one session file. Rows that are no event are counted, whatever they are."""
    try:
        data = file.read_bytes()
    except OSError as error:
        return _unreadable(file, 1, f"cannot be read ({error.strerror})", line=0)
    first, _, body = data.partition(b"\n")
    if first.rstrip(b"\r") != _HEADER:
        lines = data.count(b"\n") + (not data.endswith(b"\n"))
        return _unreadable(file, lines, "is not the header of a Balabit session", line=1)
    return _read_rows(file, body, hashlib.sha256(data).digest())


def _unreadable(file: Path, rows: int, fault: str, line: int) -> SessionEvents:
    nothing = np.empty(0, dtype=np.int64)
    codes = np.empty(0, dtype=np.uint8)
    columns = EventColumns(nothing, codes, nothing, nothing, nothing, codes)
    return SessionEvents(columns, rows, (BadRow(file, line, fault),), b"")


def _read_rows(file: Path, body: bytes, digest: bytes) -> SessionEvents:
    table, broken = _parse(body)
    faults = _faults(table)
    bad = np.flatnonzero(faults)
    columns = _events(table.filter(pa.array(faults == 0)) if len(bad) else table)
    examples = [(row, "does not have six fields") for row in broken[:MAX_EXAMPLES]]
    rows = _rows_in_file(bad[:MAX_EXAMPLES], broken)
    examples += [(row, _FAULTS[faults[at]]) for row, at in zip(rows, bad, strict=False)]
    told = sorted(examples)[:MAX_EXAMPLES]
    # Rows count from 0 after the header, lines from 1 with it.
    lines = tuple(BadRow(file, row + 2, fault) for row, fault in told)
    return SessionEvents(columns, len(bad) + len(broken), lines, digest)


def _parse(body: bytes) -> tuple[pa.Table, list[int]]:
    """The rows of six fields as columns of bytes, and the numbers of all other rows, from 0."""
    broken: list[int] = []

    def note(row: Any) -> str:
        broken.append(row.number - 1)
        return "skip"

    text, words = pa.binary(), pa.dictionary(pa.int32(), pa.binary())
    types = {"client_s": text, "button": words, "state": words, "x": text, "y": text}
    if not body:
        return pa.table({name: pa.array([], kind) for name, kind in types.items()}), broken
    table = pyarrow.csv.read_csv(
        pa.py_buffer(body),
        # One block and one thread: rows keep their numbers, and no line is too long.
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False, block_size=len(body), column_names=_NAMES
        ),
        parse_options=pyarrow.csv.ParseOptions(
            quote_char=False, ignore_empty_lines=False, invalid_row_handler=note
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=types, include_columns=list(types), strings_can_be_null=False
        ),
    )
    return table, broken


_FAULTS = {
    1: "has an unknown state",
    2: "has a time that is not seconds since the start",
    3: "has a coordinate that is not a whole number",
}


def _faults(table: pa.Table) -> Column:
    """For each row 0, or the number of what is wrong with it."""
    pixels = pc.and_(
        pc.match_substring_regex(table["x"], _PIXELS), pc.match_substring_regex(table["y"], _PIXELS)
    )
    seconds = pc.match_substring_regex(table["client_s"], _SECONDS)
    faults = np.where(pixels.to_numpy(), 0, 3).astype(np.uint8)
    faults[~seconds.to_numpy().astype(bool)] = 2
    faults[_by_word(table["state"], _STATES, _UNKNOWN) == _UNKNOWN] = 1
    return faults


def _events(table: pa.Table) -> EventColumns:
    """Sound rows as events. A time is rounded to the nearest ms."""
    seconds = table["client_s"].cast(pa.string()).cast(pa.float64()).to_numpy()
    action = _by_word(table["state"], _STATES, _UNKNOWN).astype(np.uint8)
    button = _by_word(table["button"], _BUTTONS, Button.OTHER)
    pressed = (action == Action.BUTTON_DOWN) | (action == Action.BUTTON_UP)
    return EventColumns(
        times_ms=np.rint(seconds * MS_PER_S).astype(np.int64),
        action=action,
        x_px=table["x"].cast(pa.string()).cast(pa.int64()).to_numpy(),
        y_px=table["y"].cast(pa.string()).cast(pa.int64()).to_numpy(),
        detail=np.where(pressed, button, _by_word(table["state"], _STEPS, 0)),
        role=np.zeros(len(action), dtype=np.uint8),
    )


def _by_word(column: pa.ChunkedArray, codes: dict[bytes, Any], otherwise: int) -> Column:
    """For each row the code of its word, int64."""
    parts = [np.empty(0, dtype=np.int64)]
    for chunk in column.chunks:
        of_word = [int(codes.get(word, otherwise)) for word in chunk.dictionary.to_pylist()]
        parts.append(np.array(of_word, dtype=np.int64)[chunk.indices.to_numpy()])
    return np.concatenate(parts)


def _rows_in_file(kept: Column, broken: list[int]) -> list[int]:
    """Numbers in the file of rows that are numbered without the broken ones before them."""
    skipped = np.array(broken, dtype=np.int64)
    # The nth broken row has `row - n` kept rows before it.
    before = np.searchsorted(skipped - np.arange(len(skipped)), kept, side="right")
    return [int(row) for row in kept + before]
