"""Mutations of bytes that know nothing of formats, but for numbers of variable length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.lies import EDGES
from tests.kit.record_batch import varint

#: No longer input is made: readers have refused by size long before.
MOST_BYTES = 300_000


def mutated(seeds: Sequence[bytes], random: Random) -> bytes:
    """One of ``seeds`` after one to eight mutations."""
    data = bytearray(random.choice(seeds))
    for _ in range(random.choice((1, 1, 2, 4, 8))):
        random.choice(_MUTATIONS)(data, random, seeds)
    return bytes(data[:MOST_BYTES])


def _place(data: bytearray, random: Random) -> int:
    """Anywhere, but often near the beginning, where formats keep their numbers."""
    most = len(data) + 1
    return random.randrange(min(most, 80) if random.random() < 0.5 else most)


def _flip(data: bytearray, random: Random, seeds: Sequence[bytes]) -> None:
    if data:
        data[_place(data, random) % len(data)] ^= 1 << random.randrange(8)


def _write(data: bytearray, random: Random, seeds: Sequence[bytes]) -> None:
    if data:
        data[_place(data, random) % len(data)] = random.choice((0, 1, 0x7F, 0x80, 0xFF))


def _number(data: bytearray, random: Random, seeds: Sequence[bytes]) -> None:
    """A number of variable length in the place of one."""
    at = end = _place(data, random)
    while end < len(data) and data[end] & 0x80:
        end += 1
    data[at : end + 1] = varint(random.choice(EDGES))


def _fixed_number(data: bytearray, random: Random, seeds: Sequence[bytes]) -> None:
    at, size = _place(data, random), random.choice((2, 4, 8))
    order = random.choice(("big", "little"))
    number = random.choice(EDGES) % 2 ** (8 * size)
    data[at : at + size] = number.to_bytes(size, "big" if order == "big" else "little")


def _cut(data: bytearray, random: Random, seeds: Sequence[bytes]) -> None:
    del data[_place(data, random) :]


def _remove(data: bytearray, random: Random, seeds: Sequence[bytes]) -> None:
    at = _place(data, random)
    del data[at : at + random.choice((1, 2, 8, 64))]


def _repeat(data: bytearray, random: Random, seeds: Sequence[bytes]) -> None:
    at = _place(data, random)
    part = data[at : at + random.choice((1, 8, 64))]
    data[at:at] = part * random.choice((1, 2, 30, 1_000))
    del data[MOST_BYTES:]


def _insert(data: bytearray, random: Random, seeds: Sequence[bytes]) -> None:
    at = _place(data, random)
    data[at:at] = random.randbytes(random.choice((1, 2, 8)))


def _splice(data: bytearray, random: Random, seeds: Sequence[bytes]) -> None:
    other = random.choice(seeds)
    data[_place(data, random) :] = other[random.randrange(len(other) + 1) :]


_MUTATIONS: tuple[Callable[[bytearray, Random, Sequence[bytes]], None], ...] = (
    *(_flip, _write, _number, _fixed_number, _cut, _remove, _repeat, _insert, _splice),
)
