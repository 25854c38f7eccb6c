"""Step 8, account: what became of every event, by source message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from events.clock import MS_PER_DAY
from events.outcomes import Rejected, Withheld
from events.purposes import GOVERNANCE, Purpose
from streams.decode import Batches, Broken
from streams.fate import FATES, PASSED, REJECTED, WITHHELD
from streams.key_ring import KeyEpoch
from streams.minimise import PassingEvents
from streams.pseudonymise import ID_BYTES, keyed_id


@dataclass(frozen=True, slots=True)
class Account:
    """n source messages for one purpose, in the order of their offsets.

    ``offset`` int64[n]; ``batch`` uint64[n] under the governance key, 0 where the message was
    refused whole, and where its epoch has no keys or is not there yet; ``fates`` int64[n, FATES]:
    each row sums to the events that came in; ``first_day`` int64[n]: see ``first_days``, 0 where
    the message was refused whole. ``latest_ms``: the largest time of a passing event, -1 if none
    passed.
    """

    purpose: Purpose
    offset: NDArray[np.int64]
    batch: NDArray[np.uint64]
    fates: NDArray[np.int64]
    first_day: NDArray[np.int64]
    latest_ms: int

    @property
    def event_count(self) -> NDArray[np.int64]:
        return np.asarray(self.fates.sum(axis=1))

    @property
    def passed_count(self) -> NDArray[np.int64]:
        return np.asarray(self.fates[:, PASSED])

    def withheld(self) -> dict[Withheld, NDArray[np.int64]]:
        """Counts by message for each reason that occurs."""
        return {r: self.fates[:, code] for r, code in WITHHELD.items() if self.fates[:, code].any()}

    def rejected(self) -> dict[Rejected, NDArray[np.int64]]:
        """Counts by message for each reason that occurs."""
        return {r: self.fates[:, code] for r, code in REJECTED.items() if self.fates[:, code].any()}


def account_id(epoch: KeyEpoch, purpose_id: int) -> int:
    """The id that the books of a purpose have for the batch that its rows call ``purpose_id``. So
    whoever has the governance key finds the account of a row, and nobody else."""
    return keyed_id(epoch.keys[GOVERNANCE], "batch", purpose_id.to_bytes(ID_BYTES, "little"))


def governance_ids(
    batches: Batches, epochs: Sequence[KeyEpoch | None], purpose: Purpose
) -> NDArray[np.uint64]:
    """uint64[n]: the batches, of these epochs, as the books of ``purpose`` name them; 0 where there
    is no key to name one by. They tell a batch that was published twice from two batches, and match
    no id of any purpose, nor of another's books."""
    return np.array(
        [
            account_id(epoch, keyed_id(epoch.keys[purpose], "batch", header.batch_id))
            if epoch is not None and not epoch.is_destroyed
            else 0
            for epoch, header in zip(epochs, batches.headers, strict=True)
        ],
        dtype=np.uint64,
    )


def first_days(events: PassingEvents, passed: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[n]: the day (since 1970, UTC) of the first of the ``passed`` events of each batch, 0
    where there is none. Retention drops rows by their day, so this tells which may be gone."""
    days = np.zeros(len(passed), dtype=np.int64)
    starts = np.cumsum(events.event_count) - events.event_count
    days[passed > 0] = events.time_ms[starts] // MS_PER_DAY
    return days


def account(
    purpose: Purpose,
    batches: Batches,
    broken: Sequence[Broken],
    *,
    ids: NDArray[np.uint64],
    counts: NDArray[np.int64],
    days: NDArray[np.int64],
    latest_ms: int,
) -> Account:
    """The books of one purpose. A message refused whole counts as one event, in and rejected."""
    refused = np.zeros((len(broken), FATES), dtype=np.int64)
    refused[np.arange(len(broken)), [REJECTED[entry.reason] for entry in broken]] = 1
    refused_at = np.array([entry.offset for entry in broken], dtype=np.int64)
    offset = np.concatenate([batches.offset, refused_at])
    order = np.argsort(offset, kind="stable")
    nothing = np.zeros(len(broken), dtype=np.int64)
    return Account(
        purpose=purpose,
        offset=offset[order],
        batch=np.concatenate([ids, nothing.astype(np.uint64)])[order],
        fates=np.concatenate([counts, refused])[order],
        first_day=np.concatenate([days, nothing])[order],
        latest_ms=latest_ms,
    )
