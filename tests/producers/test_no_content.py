"""Canaries: words planted wherever a recording holds text reach no message, nor does a name."""

from __future__ import annotations

from pathlib import Path

from events.clock import MS_PER_DAY, FixedClock
from producers.find_recordings import find_recordings
from producers.replay import ReplayPlan, replay
from tests.producers.recorded import balabit_session, ducktrack_session
from tests.producers.test_replay import Published

CLOCK = FixedClock(1_795_300_000_000)
PLAN = ReplayPlan(first_ms=CLOCK.at_ms - 10 * MS_PER_DAY, team="team", batch_events=2)
CANARY = "kanari"


def published(folder: Path, subject: str | None = None) -> list[bytes]:
    sent = Published()
    replay(find_recordings(folder, subject=subject), sent, PLAN, clock=CLOCK)
    return sent.messages


def assert_nothing_is_named(messages: list[bytes]) -> None:
    assert messages
    assert not [message for message in messages if CANARY.encode() in message]


def test_no_text_of_a_balabit_session_is_published(tmp_path: Path) -> None:
    subject = f"{CANARY}-person"
    rows = [
        "0,0,NoButton,Move,1,1",
        f"{CANARY}-record-time,1,NoButton,Move,1,1",
        f"0,{CANARY}-time,NoButton,Move,1,1",
        f"0,2,{CANARY}-button,Pressed,1,1",
        f"0,3,Left,{CANARY}-state,1,1",
        f"0,4,NoButton,Move,{CANARY}-x,1",
        f"0,5,NoButton,Move,1,{CANARY}-y",
        f"0,6,NoButton,Move,1,1,{CANARY}-more",
        f"{CANARY}-line",
    ]
    balabit_session(tmp_path, subject, f"session_{CANARY}-name", rows)
    assert_nothing_is_named(published(tmp_path))


def test_no_text_of_a_ducktrack_recording_is_published(tmp_path: Path) -> None:
    subject = f"{CANARY}-person"
    folder = tmp_path / f"{CANARY}-folder"
    move = {"time_stamp": 1.0, "action": "move", "x": 1, "y": 1}
    press = {"time_stamp": 2.0, "action": "press", "name": f"{CANARY}-key"}
    lines: list[object] = [
        move,
        press,
        {**press, "action": "release"},
        *({"time_stamp": 3.0, "action": "press", "name": letter} for letter in CANARY),
        {**move, "action": "click", "button": f"{CANARY}-button", "pressed": True},
        {**move, "action": f"{CANARY}-action"},
        {**move, "x": f"{CANARY}-x"},
        {**move, "title": f"{CANARY}-title", "url": f"{CANARY}-url", "key": f"{CANARY}-code"},
        {**press, "char": f"{CANARY}-char", "vk": f"{CANARY}-vk"},
        f"{CANARY}-line",
    ]
    names = ("system", "node", "release", "version", "machine", "processor", "model", "start_time")
    metadata = {name: f"{CANARY}-{name}" for name in names}
    ducktrack_session(folder, lines, {**metadata, "screen_width": 1512, "screen_height": 982})
    assert_nothing_is_named(published(folder, subject))


def test_which_letters_were_typed_makes_no_difference(tmp_path: Path) -> None:
    sent = []
    for word in ("secret", "kanari"):
        keys = [{"time_stamp": 1.0, "action": "press", "name": letter} for letter in word]
        folder = ducktrack_session(tmp_path / word / "recording", keys)
        sent.append(published(folder, "someone"))
    assert sent[0] == sent[1]
