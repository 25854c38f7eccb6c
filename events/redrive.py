"""What marks a copy: a dead letter that was published again says in a header which one it is of.

The header names the copy's source by its coordinates. It is looked at on every message, and anybody
who may write to the topic can set it, so it counts only where it names an earlier message of the
same partition; what it can then do is bounded by who reads it (``sinks/totals.py``).
"""

from __future__ import annotations

from collections.abc import Iterable

HEADER = "glasshouse-redriven-from"

#: As many digits as Kafka's largest offset has.
_MOST_DIGITS = 19

Headers = Iterable[tuple[str, bytes | None]]


def mark(topic_id: str, partition: int, offset: int) -> tuple[str, bytes]:
    """The header of a copy of the message at ``offset``."""
    return HEADER, f"{topic_id}:{partition}:{offset}".encode()


def redriven_from(
    headers: Headers | None, topic_id: str, partition: int, offset: int
) -> int | None:
    """The offset of the message whose copy stands at ``offset``; None for what is no copy."""
    found = [value for name, value in headers or () if name == HEADER]
    if len(found) != 1 or found[0] is None:
        return None
    place, _, digits = bytes(found[0]).rpartition(b":")
    if place != f"{topic_id}:{partition}".encode():
        return None
    if not digits.isdigit() or len(digits) > _MOST_DIGITS or int(digits) >= offset:
        return None
    return int(digits)
