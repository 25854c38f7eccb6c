"""Avro messages that lie where Avro lets them: lengths, counts, block sizes, columns, numbers.

A sound record is written field by field, and a few of its numbers are not the true ones. So what
comes out is whole up to the lie, and mostly behind it too: it reaches further into a reader than
bytes that were thrown about."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from tests.kit.record_batch import varint

EDGES = (
    *(0, 1, -1, 2, 63, 64, -64, -65, 127, 128, 255, 256, 4_095, 4_096, 4_097, 65_535, 65_536),
    *(2**31 - 1, 2**31, -(2**31), 2**32, 2**53, 2**62, 2**63 - 1, -(2**63)),
)
#: NaN and infinity as doubles, and what overflows sums of any width.
_WORDS = (
    *(b"\xff" * 8, b"\0" * 7 + b"\x80", b"\xff" * 7 + b"\x7f", b"\0" * 6 + b"\xf8\x7f"),
    *(b"\0" * 6 + b"\xf0\x7f", b"\0" * 8, b"\x01" + b"\0" * 7),
)


def lying(schema: Mapping[str, Any], record: Mapping[str, Any], random: Random) -> bytes:
    """The Avro body of ``record`` with one lie or a few in it."""
    chance = random.choice((0.02, 0.1, 0.4))
    return b"".join(
        _written(field["type"], record[field["name"]], random, chance) for field in schema["fields"]
    )


def _written(kind: Any, value: Any, random: Random, chance: float) -> bytes:
    lies = random.random() < chance
    if isinstance(kind, str):
        return _plain(kind, value, random, lies)
    if kind["type"] == "fixed":
        return _column(value, random)[:16].ljust(16, b"\0") if lies else bytes(value)
    if kind["type"] == "array":
        items = [_written(kind["items"], each, random, chance) for each in value]
    else:  # map
        items = [
            _written("string", key, random, chance) + _written(kind["values"], each, random, chance)
            for key, each in value.items()
        ]
    if lies:
        return random.choice(_BLOCKS)(items, random)
    return (varint(len(items)) + b"".join(items) if items else b"") + b"\0"


def _plain(kind: str, value: Any, random: Random, lies: bool) -> bytes:
    if kind in ("int", "long"):
        return varint(random.choice(EDGES) if lies else value)
    data: bytes = value.encode() if kind == "string" else value
    size = len(data)
    if lies and random.random() < 0.5:
        data = _text(data, random) if kind == "string" else _column(data, random)
        size = len(data)
    elif lies:
        size = random.choice((*EDGES, size - 1, size + 1))
    return varint(size) + data


def _false_count(items: list[bytes], random: Random) -> bytes:
    return varint(random.choice(EDGES)) + b"".join(items) + b"\0"


def _false_size(items: list[bytes], random: Random) -> bytes:
    """A negative count, and then the size of the block in bytes."""
    return varint(-len(items)) + varint(random.choice(EDGES)) + b"".join(items) + b"\0"


def _true_size(items: list[bytes], random: Random) -> bytes:
    data = b"".join(items)
    return varint(-len(items)) + varint(len(data)) + data + b"\0"


def _block_each(items: list[bytes], random: Random) -> bytes:
    return b"".join(varint(1) + item for item in items) + b"\0"


def _many(items: list[bytes], random: Random) -> bytes:
    """More items than anybody needs, in as many bytes as a message may have."""
    item = items[0] if items else b"\0"
    count = min(random.choice((2, 1_000, 500_000)), 900_000 // len(item))
    return varint(count) + item * count + b"\0"


def _endless(items: list[bytes], random: Random) -> bytes:
    return varint(len(items)) + b"".join(items)


_BLOCKS = (_false_count, _false_size, _true_size, _block_each, _many, _endless)


def _column(data: bytes, random: Random) -> bytes:
    """Other values of the same width, or of another length."""
    match random.randrange(6):
        case 0:
            return data[: random.randrange(len(data) + 1)]
        case 1:
            return data + bytes(random.randrange(1, 9))
        case 2:
            return random.choice(_WORDS) * (len(data) // 8 + 1)
        case 3:
            return (random.choice(_WORDS) * (len(data) // 8 + 1))[: len(data)]
        case 4:
            return random.choice((b"\xff", b"\0", b"\x7f", b"\x80")) * len(data)
    return data * random.choice((2, 3, 500)) if len(data) < 1_000 else data[::-1]


def _text(data: bytes, random: Random) -> bytes:
    words = (b"", b"\xff\xfe", b"\xed\xa0\x80", b"\0", "\N{BALLOON}".encode() * 40, b"a" * 70_000)
    return random.choice((*words, data.upper(), data + b"\n", data * 3, b"../" + data, b"'; --"))
