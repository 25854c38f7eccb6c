"""Words planted wherever the input holds text. Each begins with ``MARK``, which occurs nowhere
else, so whoever finds the mark has found a leak."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from events.batch import SCHEMA, Header, InteractionBatch
from events.codec import Codec
from events.vocabulary import Origin, Surface
from tests.end_to_end.recordings import HEADER
from tests.strategies import record_of

MARK = "kanari-7q"
#: A number in the place of a word, such as a key code or a machine's serial number.
NUMBER = 7_304_911_806_553_271

BALABIT_PERSON = f"{MARK}-person-a"
SILENT_PERSON = f"{MARK}-person-b"
DUCKTRACK_PERSON = f"{MARK}-person-c"
PEOPLE = (BALABIT_PERSON, SILENT_PERSON, DUCKTRACK_PERSON)
#: What may stand in the raw topic until the streams' allow-list: in what it was. Not who it was.
APPLICATION = f"{MARK}-application"
BROKEN = f"{MARK}-broken"


def balabit_recordings(folder: Path) -> Path:
    """Sessions with a word in every column, in the header, and in every name."""
    rows = [
        HEADER,
        "0,0,NoButton,Move,1,1",
        f"{MARK}-record-time,0.1,NoButton,Move,1,1",
        f"0,{MARK}-time,NoButton,Move,1,1",
        f"0,0.2,{MARK}-button,Pressed,1,1",
        f"0,0.25,{MARK}-button,Released,1,1",
        f"0,0.3,Left,{MARK}-state,1,1",
        f"0,0.4,NoButton,Move,{MARK}-x,1",
        f"0,0.5,NoButton,Move,1,{MARK}-y",
        f"0,0.6,NoButton,Move,1,1,{MARK}-more",
        f"0,0.7,NoButton,Move,{NUMBER},1",
        f'0,0.8,NoButton,Move,1,1"{MARK}-quoted"',
        f"{MARK}-line",
        "0,0.9,NoButton,Move,1,1",
    ]
    for person in (BALABIT_PERSON, SILENT_PERSON):
        (folder / person).mkdir(parents=True)
        (folder / person / f"session_{MARK}-name").write_text("\n".join(rows) + "\n")
        other = [f"{HEADER},{MARK}-column", f"0,0,NoButton,Move,1,1,{MARK}-value"]
        (folder / person / f"session_{MARK}-header").write_text("\n".join(other) + "\n")
        (folder / person / f"{MARK}-stray").write_text(f"{MARK}-stray-text")
    return folder


def ducktrack_recording(folder: Path) -> Path:
    """A recording with words as key names, in fields of any name, and all over the metadata."""
    move = {"time_stamp": 1.0, "action": "move", "x": 1, "y": 1}
    press = {"time_stamp": 2.0, "action": "press", "name": f"{MARK}-key"}
    lines: list[object] = [
        move,
        press,
        {**press, "action": "release"},
        {**press, "name": [f"{MARK}-key-list"]},
        {**press, "name": "a", "char": f"{MARK}-char", "vk": NUMBER, "key": {"is": f"{MARK}-is"}},
        {**move, "action": "click", "button": f"{MARK}-button", "pressed": True},
        {**move, "action": "click", "button": f"{MARK}-button", "pressed": f"{MARK}-pressed"},
        {**move, "action": "scroll", "dx": 0, "dy": f"{MARK}-dy"},
        {**move, "action": f"{MARK}-action"},
        {**move, "x": f"{MARK}-x"},
        {**move, "time_stamp": f"{MARK}-time"},
        {**move, "window_title": f"{MARK}-title", "url": f"{MARK}-url", "text": f"{MARK}-text"},
        {**move, "clipboard": f"{MARK}-clipboard", "image": f"{MARK}-image"},
        {f"{MARK}-field": f"{MARK}-field-value", **move},
    ]
    text = [json.dumps(line) for line in lines] + [f"{MARK}-line", f'{{"{MARK}-torn']
    names = (
        "system",
        "node",
        "release",
        "version",
        "machine",
        "processor",
        "model",
        "host",
        "user",
    )
    metadata: dict[str, object] = {name: f"{MARK}-{name}" for name in names}
    metadata |= {"id": NUMBER, "screen_width": 1512, "screen_height": 982}
    metadata["obs_record_state_timings"] = {f"{MARK}-state": [f"{MARK}-timing"]}
    metadata[f"{MARK}-name"] = {"nested": [f"{MARK}-nested"]}
    folder.mkdir(parents=True)
    (folder / "events.jsonl").write_text("\n".join(text) + "\n")
    (folder / "metadata.json").write_text(json.dumps(metadata))
    (folder / f"{MARK}-notes.txt").write_text(f"{MARK}-note")
    return folder


def broken_messages(now_ms: int) -> list[bytes]:
    """Raw messages that are refused whole, with words where no word belongs."""
    header = Header(
        *(b"b" * 16, BALABIT_PERSON, "team", b"s" * 16, 0, "browser"),
        *(Surface.DESKTOP, Origin.LIVE, 1920, 1080, now_ms),
    )
    none = np.zeros(1, np.int64)
    names = ("time_delta_ms", "action", "x_px", "y_px", "detail", "role")
    batch = InteractionBatch(header, dict.fromkeys(names, none))
    record, codec = record_of(batch), Codec()
    word = BROKEN.encode()
    return [
        word,
        codec.encode(SCHEMA, record) + word,
        codec.encode(SCHEMA, {**record, "x_px": word}),
        codec.encode(SCHEMA, record_of(replace(batch, header=replace(header, team=f"! {BROKEN}")))),
        codec.encode(
            SCHEMA, record_of(replace(batch, header=replace(header, application=f"! {BROKEN}")))
        ),
    ]
