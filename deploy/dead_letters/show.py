"""All that may be said of one dead letter: where it is, its sizes, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka import Message

from deploy.dead_letters.advice import next_step, where_it_is
from deploy.dead_letters.explain import explain
from deploy.dead_letters.held import Held, Whereabouts, whereabouts
from deploy.dead_letters.letter import Letter, written
from deploy.dead_letters.read import Reader
from events.codec import Codec
from events.meanings import MEANING
from events.outcomes import Rejected
from events.settings import Settings
from events.topics import Topic
from events.unreadable import headers_of

#: A message can have thousands of headers, with names of any length.
_HEADERS, _NAME_CHARS = 20, 64
_WORDS = {reason.value: words for reason, words in MEANING.items()}


def picked(letters: Sequence[Letter], held: Held | None) -> Letter:
    """The letter of the topic that has the name now, or else the newest."""
    present = [letter for letter in letters if held and letter.topic_id == held.topic_id]
    return (present or list(letters))[0]


def described(
    letter: Letter, held: Held | None, settings: Settings, codec: Codec
) -> dict[str, Any]:
    """What is known of ``letter``, as plain values; no value of its message or key, and no id.
    Raises ``ServerMissing`` and ``Retry``."""
    topics = {} if held is None else {Topic.RAW.value: held}
    where = whereabouts(letter, topics)
    message = None
    if held is not None and held.has(letter):
        with Reader(settings) as reader:
            message = reader.at(letter.place)
        if message is None and where is Whereabouts.IN_KAFKA:
            where = Whereabouts.GONE
    found = _contents(message, codec) if message is not None else {}
    refused = found.get("refused_now")
    return {
        **letter.to_json(),
        "meaning": _WORDS.get(letter.reason, "not a reason that this version knows"),
        "whereabouts": where.value,
        "where": where_it_is(letter, where),
        **found,
        "next": next_step(letter.place, where, Rejected(refused) if refused else None),
    }


def _contents(message: Message, codec: Codec) -> dict[str, Any]:
    value, headers = message.value(), headers_of(message)
    found = explain(value, codec)
    return {
        "key_bytes": len(message.key() or b""),
        "value_bytes": len(value or b""),
        "headers": [
            {"name": ascii(name)[1:-1][:_NAME_CHARS], "bytes": len(content or b"")}
            for name, content in headers[:_HEADERS]
        ],
        "more_headers": max(0, len(headers) - _HEADERS),
        "framing": found.framing,
        "accepted_now": found.refused is None,
        "refused_now": found.refused.value if found.refused else None,
        "step": found.step or None,
        "fault": found.fault or None,
    }


def told(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The same for a person to read, line by line."""
    place = written((found["partition"], found["offset"]))
    yield "message", f"{place} of {found['topic']}, of {found['message_time']}"
    yield "was refused as", f"{found['reason']}: {found['meaning']}"
    yield "is", found["where"]
    if "framing" in found:
        yield "size", f"key {found['key_bytes']:,} bytes, value {found['value_bytes']:,} bytes"
        headers = [f"{one['name']} ({one['bytes']:,} bytes)" for one in found["headers"]]
        more = [f"{found['more_headers']:,} more"] if found["more_headers"] else []
        yield "headers", ", ".join([*headers, *more]) or "none"
        yield "framing", found["framing"]
        refused = found["refused_now"]
        yield "accepted now", f"no: {refused}" if refused else "yes"
        if refused:
            yield "at fault", f"{found['step']}: {found['fault']}"
    yield "what to do", found["next"]
