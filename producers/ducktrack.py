"""Reads a DuckTrack recording: a folder with ``events.jsonl`` (or ``.gz``) and ``metadata.json``.

    {"time_stamp": 150.96, "action": "move", "x": 1175.4, "y": 50.4}
    {"time_stamp": 151.02, "action": "click", "x": 9.5, "y": 9.5, "button": "left", "pressed": true}
    {"time_stamp": 151.10, "action": "scroll", "x": 9.5, "y": 9.5, "dx": 0, "dy": -1}
    {"time_stamp": 151.31, "action": "press", "name": "a"}

Only the fields above are ever looked at, and of a key's name only its class is kept; of the
metadata only the size of the screen (it also holds the host's name). Line by line: a recording is
some minutes of one person, and each line must be judged by itself.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from events.clock import MS_PER_S
from events.columns import Column
from events.errors import InputError
from events.vocabulary import OUTSIDE_PX, Action, Button, KeyClass
from producers.batches import EventColumns
from producers.key_classes import key_class
from producers.recordings import MAX_EXAMPLES, BadRow, Format, Recording, Screen, SessionEvents

_FILES = ("events.jsonl", "events.jsonl.gz")
_BUTTONS = {
    "left": Button.LEFT,
    "right": Button.RIGHT,
    "middle": Button.MIDDLE,
    "x1": Button.BACK,
    "x2": Button.FORWARD,
    "button8": Button.BACK,  # the same two, as X11 numbers them
    "button9": Button.FORWARD,
}
#: A clock that is further on than this (300 years) is no clock, and would overflow.
_MAX_TIME_S = 1e10


class _Event(NamedTuple):
    time_s: float
    action: Action
    x: float
    y: float
    detail: float


def is_recording(folder: Path) -> bool:
    """Whether ``folder`` holds a DuckTrack recording."""
    return any((folder / name).is_file() for name in _FILES)


def recordings_in(folder: Path, subject: str, screen: Screen | None) -> list[Recording]:
    """The recording in ``folder``, or those in the folders below it, by name.

    ``screen`` overrides what the metadata say; ``InputError`` where neither names a size.
    """
    folders = [folder] if is_recording(folder) else sorted(filter(is_recording, folder.iterdir()))
    return [
        Recording(
            Format.DUCKTRACK,
            subject,
            place.resolve().name,
            screen or _screen_of(place / "metadata.json"),
            partial(read_session, place),
        )
        for place in folders
    ]


def _screen_of(file: Path) -> Screen:
    try:
        metadata = json.loads(file.read_text(encoding="utf-8"))
        sides = (metadata["screen_width"], metadata["screen_height"])
        if all(type(side) is int and 1 <= side <= OUTSIDE_PX for side in sides):
            return Screen(*sides)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    raise InputError(
        f"{file}: no usable screen_width and screen_height. Name the size: --screen 1920x1080"
    )


def read_session(folder: Path) -> SessionEvents:
    """The events of one recording. Lines that are no event are counted, whatever they are."""
    file = next(folder / name for name in _FILES if (folder / name).is_file())
    events: list[_Event] = []
    bad = 0
    examples: list[BadRow] = []
    for line, found in _judged(file):
        if isinstance(found, _Event):
            events.append(found)
            continue
        bad += 1
        if len(examples) < MAX_EXAMPLES:
            examples.append(BadRow(file, line, found))
    return SessionEvents(_columns(events), bad, tuple(examples), _digest(events))


def _judged(file: Path) -> Iterator[tuple[int, _Event | str]]:
    """Line number, and the event there or what is wrong."""
    line = 0
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
            for line, text in enumerate(lines, start=1):
                yield line, _event_of(text)
    except (OSError, EOFError, zlib.error):
        yield line + 1, "and all after it cannot be read"


def _event_of(text: bytes) -> _Event | str:
    try:
        fields = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return "is not JSON"
    if not isinstance(fields, dict):
        return "is not a JSON object"
    try:
        time_s = _number(fields["time_stamp"])
        if not 0 <= time_s < _MAX_TIME_S:
            return "has a time that is not seconds of a clock"
        return _event(fields, time_s)
    except (KeyError, TypeError, ValueError, OverflowError):
        return "has an unknown action, or a field that is missing or of another type"


def _event(fields: dict[str, Any], time_s: float) -> _Event:
    """KeyError, TypeError or ValueError where ``fields`` are not an event."""
    action = fields["action"]
    if action == "move":
        return _Event(time_s, Action.MOVE, *_place(fields), 0)
    if action == "click":
        pressed = Action.BUTTON_DOWN if _flag(fields["pressed"]) else Action.BUTTON_UP
        button = _BUTTONS.get(_text(fields["button"]), Button.OTHER)
        return _Event(time_s, pressed, *_place(fields), button)
    if action == "scroll":
        _number(fields["dx"])  # sideways only counts as a scroll of no vertical step
        return _Event(time_s, Action.SCROLL, *_place(fields), _number(fields["dy"]))
    if action in ("press", "release"):
        pressed = Action.KEY_DOWN if action == "press" else Action.KEY_UP
        # pynput has no name for a key that gives no character
        name = fields["name"]
        kind = KeyClass.OTHER if name is None else key_class(_text(name))
        return _Event(time_s, pressed, 0, 0, kind)
    raise ValueError


def _place(fields: dict[str, Any]) -> tuple[float, float]:
    return _number(fields["x"]), _number(fields["y"])


def _number(value: object) -> float:
    """A finite number; JSON's true is none, and Python's NaN is no JSON."""
    if type(value) is int or type(value) is float:
        number = float(value)
        if math.isfinite(number):
            return number
    raise TypeError


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise TypeError


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError


def _digest(events: list[_Event]) -> bytes:
    """Of times to the microsecond and places to the fraction of a pixel, which are not published;
    not of which keys were typed, which is not in any event."""
    return hashlib.sha256(np.array(events, dtype="<f8").tobytes()).digest()


def _columns(events: list[_Event]) -> EventColumns:
    """Times from the first event on, to the nearest ms; coordinates cut down to whole px."""
    table = np.array(events, dtype=np.float64).reshape(-1, len(_Event._fields))
    time_s, action, x, y, detail = table.T
    return EventColumns(
        times_ms=np.rint((time_s - time_s[:1]) * MS_PER_S).astype(np.int64),
        action=action.astype(np.uint8),
        x_px=_whole_px(x),
        y_px=_whole_px(y),
        detail=np.clip(np.rint(detail), -(2**15), 2**15 - 1).astype(np.int64),
        role=np.zeros(len(events), dtype=np.uint8),
    )


def _whole_px(values: Column) -> Column:
    return np.asarray(np.floor(np.clip(values, -1, OUTSIDE_PX)).astype(np.int64))
