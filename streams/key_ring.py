"""The pseudonym keys, one for each purpose and epoch, and one for governance; with them those that
open sealed subjects.

An epoch starts at a moment of *event* time. Which epoch a batch belongs to is decided by its
``base_time_ms`` alone, so a batch that is read again after a rotation gets the same pseudonyms.
An epoch whose keys were destroyed keeps its number and its time: nothing else ever takes its place.
"""

from __future__ import annotations

import json
import secrets
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from events.errors import InputError, Retry
from events.purposes import GOVERNANCE, PURPOSES
from events.vocabulary import MAX_TIME_MS
from streams.sealing_keys import SealingKeys

KEY_BYTES = 32
DOMAINS: tuple[str, ...] = (*PURPOSES, GOVERNANCE)
EPOCHS = range(1, 65_536)  # what the rows have room for: 16 bits


@dataclass(frozen=True, slots=True)
class KeyEpoch:
    """The keys (32 bytes by domain) of batches with base time in [``from_ms``, next epoch); none
    where they were destroyed."""

    epoch: int
    from_ms: int
    keys: dict[str, bytes] = field(repr=False)

    @property
    def is_destroyed(self) -> bool:
        return not self.keys


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All epochs, oldest first; the first starts at 0.

    Whoever keeps a ring for longer than a moment has to know that there may be a newer one: every
    epoch that starts before ``known_until_ms`` is in this one.
    """

    epochs: tuple[KeyEpoch, ...]
    sealing: SealingKeys
    known_until_ms: int = MAX_TIME_MS + 1

    def at(self, base_time_ms: int) -> KeyEpoch:
        """The epoch of a batch with this base time (>= 0). ``Retry`` where it may be one that this
        ring does not know."""
        if base_time_ms >= self.known_until_ms:
            raise Retry("the key epoch of so late a time is not known yet")
        starts = [epoch.from_ms for epoch in self.epochs]
        return self.epochs[bisect_right(starts, base_time_ms) - 1]

    def numbered(self, epoch: int) -> KeyEpoch:
        """The epoch with this number; ``InputError`` if there is none, or none any more."""
        for candidate in self.epochs:
            if candidate.epoch == epoch:
                if candidate.is_destroyed:
                    raise InputError(
                        f"key epoch {epoch} was destroyed: nobody can compute its pseudonyms any "
                        "more, or lead its rows back (see `glasshouse keys list`)"
                    )
                return candidate
        raise InputError(f"there is no key epoch {epoch}: see `glasshouse keys list`")

    @property
    def live(self) -> tuple[KeyEpoch, ...]:
        """The epochs that have their keys."""
        return tuple(epoch for epoch in self.epochs if not epoch.is_destroyed)

    @property
    def destroyed(self) -> tuple[int, ...]:
        """The numbers of the epochs whose keys are gone."""
        return tuple(epoch.epoch for epoch in self.epochs if epoch.is_destroyed)


def new_epoch(epoch: int, from_ms: int) -> KeyEpoch:
    """An epoch with fresh random keys, unrelated to every other."""
    return KeyEpoch(epoch, from_ms, {name: secrets.token_bytes(KEY_BYTES) for name in DOMAINS})


def new_ring() -> KeyRing:
    """A ring with one epoch, all of it fresh."""
    return KeyRing((new_epoch(1, 0),), SealingKeys.new())


def to_bytes(epoch: KeyEpoch) -> bytes:
    """All of an epoch as one secret. Number and start are part of it, so that whoever can only
    move sealed secrets about cannot give an epoch another time, or a purpose another's key."""
    keys = {name: key.hex() for name, key in epoch.keys.items()}
    return json.dumps({"epoch": epoch.epoch, "from_ms": epoch.from_ms, "keys": keys}).encode()


def from_bytes(content: bytes) -> KeyEpoch:
    """What ``to_bytes`` was given; ``ValueError`` (with nothing of it) if this is no epoch."""
    try:
        found = json.loads(content)
        keys = {name: bytes.fromhex(text) for name, text in found["keys"].items()}
        return KeyEpoch(int(found["epoch"]), int(found["from_ms"]), keys)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(type(error).__name__) from None


def faults_of(epochs: Sequence[KeyEpoch]) -> list[str]:
    """Everything that keeps these from being a ring; key material is in none of it."""
    faults = []
    starts = [epoch.from_ms for epoch in epochs]
    numbers = [epoch.epoch for epoch in epochs]
    if not epochs or starts[0] != 0:
        faults.append("the first epoch must start at 0")
    if any(number not in EPOCHS for number in numbers):
        faults.append(f"epochs are numbered from {EPOCHS.start} to {EPOCHS.stop - 1}")
    if sorted(set(starts)) != starts or sorted(set(numbers)) != numbers:
        faults.append("epochs must be in order, each with its own number and start")
    for epoch in epochs:
        missing = [name for name in DOMAINS if len(epoch.keys.get(name, b"")) != KEY_BYTES]
        if missing and not epoch.is_destroyed:
            faults.append(f"epoch {epoch.epoch}: no {KEY_BYTES}-byte key for {', '.join(missing)}")
    every = [key for epoch in epochs for key in epoch.keys.values()]
    if len(set(every)) != len(every):
        faults.append("a key is used twice: purposes or epochs could be joined")
    return faults
