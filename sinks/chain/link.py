"""A link of the chain, and its hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from events.chain import chained

#: Links from before accounts had days, and those since.
_FORM_1, _FORM_2 = b"glasshouse accounting chain 1", b"glasshouse accounting chain 2"
#: What is hashed, in this order; the arrays with the type in which they are.
_PLACE = ("topic_id", "partition", "offset")
_WORDS = ("source_topic", "source_topic_id", "source_partition", "purpose", "policy_hash")
_ARRAYS = {
    "source_offset": "<u8",
    "refused_whole": "u1",
    "event_count": "<u4",
    "passed_count": "<u4",
    "redriven_from": "<i8",
}
_REASONS = ("withheld", "rejected")
_DAYS, _DAYS_TYPE = "first_day", "<u2"


@dataclass(frozen=True, slots=True)
class Link:
    """One message's account. ``place`` is (topic id, partition, offset) in the accounting topic,
    ``words`` (topic, topic id, partition, purpose, policy hash) say what it accounts for; all
    ``arrays`` and the numbers of each reason have one value a source message; only ``first_day`` is
    empty where the worker was from before there were days."""

    place: tuple[str, int, int]
    words: tuple[str, str, int, str, str]
    arrays: Mapping[str, NDArray[Any]]
    reasons: Mapping[str, Mapping[str, NDArray[np.uint32]]]
    batch_digest: str

    @property
    def source(self) -> tuple[str, int, str]:
        """(topic id, partition, purpose) of the source messages."""
        return self.words[1], self.words[2], self.words[3]

    def hash_after(self, previous: str) -> str:
        """SHA-256 of all there is in the link and of the hash of the one before it, hex."""
        days = self.arrays[_DAYS].astype(_DAYS_TYPE, copy=False).tobytes()
        if not days:
            return chained(_FORM_1, previous, self._parts())
        return chained(_FORM_2, previous, (*self._parts(), days))

    def _parts(self) -> Iterator[bytes]:
        for word in (*self.place, *self.words):
            yield str(word).encode()
        for name, kind in _ARRAYS.items():
            yield self.arrays[name].astype(kind, copy=False).tobytes()
        for name in _REASONS:
            counts = self.reasons[name]
            yield len(counts).to_bytes(8, "little")
            for reason in sorted(counts):
                yield reason.encode()
                yield counts[reason].astype("<u4", copy=False).tobytes()
        yield self.batch_digest.encode()


def links_of(table: pa.Table) -> Iterator[Link]:
    """The links of a table with the columns of ``governance.accounting_chain``, row by row."""
    table = table.combine_chunks()
    plain = table.select([*_PLACE, *_WORDS, "batch_digest"]).to_pydict()
    arrays = {name: _lists(table[name]) for name in (*_ARRAYS, _DAYS)}
    reasons = {name: list(_maps(table[name])) for name in _REASONS}
    for row in range(table.num_rows):
        yield Link(
            place=tuple(plain[name][row] for name in _PLACE),
            words=tuple(plain[name][row] for name in _WORDS),
            arrays={name: lists[row] for name, lists in arrays.items()},
            reasons={name: maps[row] for name, maps in reasons.items()},
            batch_digest=plain["batch_digest"][row],
        )


def _lists(column: pa.ChunkedArray) -> list[NDArray[Any]]:
    """Each row's list as an array, without a copy where Arrow has one."""
    found: list[NDArray[Any]] = []
    for chunk in column.chunks:
        values = chunk.values.to_numpy(zero_copy_only=False)
        ends = chunk.offsets.to_numpy().tolist()
        found += [values[first:last] for first, last in pairwise(ends)]
    return found


def _maps(column: pa.ChunkedArray) -> Iterator[dict[str, NDArray[np.uint32]]]:
    for chunk in column.chunks:
        keys = chunk.keys.to_pylist()
        items = _lists(pa.chunked_array([chunk.items]))
        ends = chunk.offsets.to_numpy().tolist()
        for first, last in pairwise(ends):
            yield dict(zip(keys[first:last], items[first:last], strict=True))
