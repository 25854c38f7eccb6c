"""What `show` says of a message: all that may be said, and nothing that its sender can abuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest
from confluent_kafka import Message

from deploy.dead_letters import show
from deploy.dead_letters.held import Held
from deploy.dead_letters.letter import Letter, Place
from deploy.dead_letters.show import described, told
from events.codec import Codec
from events.settings import Settings
from tests.strategies import encoded, sound_batch

HELD = Held("now", {0: 5})
CANARY = "canary"


@dataclass(slots=True)
class Source:
    """A reader that finds one message, or none."""

    content: bytes | None
    names: tuple[str, ...] = ("trace",)
    is_there: bool = True

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def at(self, place: Place) -> Message | None:
        return cast(Message, self) if self.is_there else None

    def key(self) -> bytes:
        return CANARY.encode()

    def value(self) -> bytes | None:
        return self.content

    def headers(self) -> list[tuple[str, bytes | None]]:
        return [(name, CANARY.encode()) for name in self.names]


def found(
    source: Source, monkeypatch: pytest.MonkeyPatch, held: Held | None = HELD, **changed: Any
) -> dict[str, Any]:
    fields = {"topic_id": "now", "offset": 7, "reason": "undecodable", **changed}
    letter = Letter("interactions.raw", partition=0, time_ms=0, **fields)
    monkeypatch.setattr(show, "Reader", lambda settings: source)
    return described(letter, held, Settings(), Codec())


def test_a_refused_message_is_described_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = found(Source(CANARY.encode()), monkeypatch)
    lines = dict(told(answer))
    assert lines["size"] == "key 6 bytes, value 6 bytes"
    assert lines["headers"] == "trace (6 bytes)"
    assert lines["accepted now"] == "no: undecodable"
    assert lines["at fault"].startswith("framing: none that is known")
    assert CANARY not in f"{answer}{lines}"


def test_a_message_that_would_be_accepted_is_to_be_published_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = dict(told(found(Source(encoded(sound_batch())), monkeypatch)))
    assert lines["accepted now"] == "yes"
    assert "redrive 0:7" in lines["what to do"]
    assert "at fault" not in lines


@pytest.mark.parametrize(
    ("held", "changed", "where"),
    [
        (HELD, {"offset": 4}, "gone"),
        (HELD, {"topic_id": "before"}, "gone"),
        (None, {}, "unknown"),
    ],
)
def test_what_cannot_be_read_is_described_from_the_books(
    held: Held | None, changed: dict[str, Any], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = dict(told(found(Source(b""), monkeypatch, held, **changed)))
    assert lines["is"] == where
    assert "size" not in lines


def test_what_is_gone_since_the_look_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(Source(b"", is_there=False), monkeypatch)["whereabouts"] == "gone"


def test_a_copy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = found(Source(encoded(sound_batch())), monkeypatch, copies=(9,))
    assert (answer["whereabouts"], answer["where"]) == ("redriven", "published again as 0:9")


def test_names_of_headers_are_bounded_and_cannot_move_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("\x1b[2J" + "x" * 10_000, *("many" for _ in range(1_000)))
    lines = dict(told(found(Source(b"", names), monkeypatch)))
    assert "\x1b" not in lines["headers"]
    assert len(lines["headers"]) < 1_000
    assert lines["headers"].endswith("981 more")


def test_a_reason_of_a_newer_version_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = dict(told(found(Source(b""), monkeypatch, reason="too_blue")))
    assert lines["was refused as"] == "too_blue: not a reason that this version knows"
