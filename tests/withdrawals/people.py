"""The people of a run, the batches that they make, and who they are in each purpose's rows."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from itertools import count
from uuid import uuid4

from events.batch import InteractionBatch
from events.clock import MS_PER_S
from events.purposes import PURPOSES, Purpose
from streams.keys import KeyRing
from tests.kit.secrets import pseudonym
from tests.strategies import sound_batch

#: A batch is dated this far back, as if it had waited: nothing here depends on it.
_AGE_MS = 60 * MS_PER_S
_EVENTS = 32


@dataclass(slots=True)
class People:
    """``names`` are of this run alone, so that nobody has rows of an earlier one."""

    names: tuple[str, ...]
    _template: InteractionBatch = field(
        default_factory=lambda: sound_batch(*[(5, 0, 3 + i, 4, 0, 0) for i in range(_EVENTS)])
    )
    _numbers: count[int] = field(default_factory=count)

    @staticmethod
    def of(number: int) -> People:
        run = uuid4().hex[:8]
        return People(tuple(f"{run}-{place:05}" for place in range(number)))

    def batch_of(self, name: str) -> InteractionBatch:
        """What this person did a while ago: another batch at each call."""
        head = replace(
            self._template.header,
            subject=name,
            batch_id=uuid4().bytes,
            session=name.encode().ljust(16, b".")[:16],
            sequence=next(self._numbers),
            base_time_ms=time.time_ns() // 1_000_000 - _AGE_MS,
        )
        return replace(self._template, header=head)

    def pseudonyms(self, ring: KeyRing) -> dict[tuple[Purpose, int], str]:
        """Who a pseudonym in a purpose's rows is, of every key epoch."""
        return {
            (purpose, pseudonym(epoch, purpose, name)): name
            for epoch in ring.epochs
            for purpose in PURPOSES
            for name in self.names
        }
