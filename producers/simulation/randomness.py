"""All random numbers and identities of a simulation: they follow from its configuration alone."""

from __future__ import annotations

import dataclasses
import hashlib
from enum import IntEnum, unique

import numpy as np

from producers.simulation.config import SimulationConfig


@unique
class Stream(IntEnum):
    """Independent random streams: drawing more from one changes nothing in another."""

    TEAMS = 1
    PEOPLE = 2
    HOURS = 3
    CONSENT = 4
    PILOT = 5
    ACTIVITY = 6
    SESSION_IDS = 7
    BATCH_IDS = 8
    BROKEN = 9


def generator(config: SimulationConfig, stream: Stream, *place: int) -> np.random.Generator:
    """The random numbers of one ``place`` (day, slice, block) of a stream: they follow from the
    seed alone, so a place can be generated without those before it."""
    return _generator(config.seed, stream, place)


def identity_generator(
    config: SimulationConfig, stream: Stream, *place: int
) -> np.random.Generator:
    """As ``generator``, but for identities: these follow from the *whole* configuration. Two runs
    that differ in anything share no batch id, or one would silently replace the other's rows."""
    text = repr(dataclasses.astuple(config))
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return _generator(int.from_bytes(digest, "little"), stream, place)


def _generator(entropy: int, stream: Stream, place: tuple[int, ...]) -> np.random.Generator:
    sequence = np.random.SeedSequence([entropy, int(stream), *place])
    return np.random.Generator(np.random.SFC64(sequence))


def uuids(rng: np.random.Generator, count: int) -> bytes:
    """``count`` random UUIDs (RFC 9562, version 8: made by a rule of one's own), 16 bytes each."""
    raw = np.frombuffer(rng.bytes(16 * count), np.uint8).reshape(count, 16).copy()
    raw[:, 6] = raw[:, 6] & 0x0F | 0x80
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    return raw.tobytes()
