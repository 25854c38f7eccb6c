"""Arrow columns of values that were checked first; ``Reject`` where a value has no meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from events.batch import is_identifier
from events.errors import Reject
from events.outcomes import Rejected

#: ClickHouse's DateTime ends in 2106; retention is computed in it.
_TIMES_END_MS = 2**32 * 1_000
_NAME = re.compile(r"[A-Za-z0-9._+/=-]{0,64}", re.ASCII)

UTC_MS = pa.timestamp("ms", "UTC")
WORDS = pa.dictionary(pa.int32(), pa.string())


def codes(values: NDArray[Any], vocabulary: type[IntEnum], reason: Rejected) -> pa.Array:
    """Enum codes as int8, which ClickHouse takes for an Enum8. ``Reject(reason)`` for others."""
    if len(values) and int(values.max()) >= len(vocabulary):
        raise Reject(reason)
    return pa.array(values.astype(np.int8))


def in_time(values_ms: NDArray[Any]) -> NDArray[Any]:
    """``values_ms`` (int64 ms UTC) if each is from 1970 to 2106."""
    if len(values_ms) and not (values_ms.min() >= 0 and values_ms.max() < _TIMES_END_MS):
        raise Reject(Rejected.INVALID_HEADER)
    return values_ms


def moments(values_ms: NDArray[Any]) -> pa.Array:
    """Timestamps in ms UTC of int64 ms UTC."""
    return pa.array(in_time(values_ms)).cast(UTC_MS)


def picked(indices: NDArray[Any], words: Sequence[str]) -> pa.Array:
    """The identifier that each index names in ``words``, as a dictionary array."""
    if not all(is_identifier(word) for word in words):
        raise Reject(Rejected.INVALID_HEADER)
    if len(indices) and int(indices.max()) >= len(words):
        raise Reject(Rejected.INVALID_HEADER)
    return pa.DictionaryArray.from_arrays(
        pa.array(indices.astype(np.int32)), pa.array(words, pa.string())
    )


def name(text: str) -> str:
    """``text`` if it has the form of a topic, a topic id, a reason, a version or a hash."""
    if _NAME.fullmatch(text) is None:
        raise Reject(Rejected.INVALID_HEADER)
    return text


def names(texts: Sequence[str]) -> pa.Array:
    """One name a row, as a dictionary array."""
    for text in set(texts):
        name(text)
    return pa.array(texts, pa.string()).dictionary_encode().cast(WORDS)


def everywhere(text: str, rows: int) -> pa.Array:
    """The same name in every row."""
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int32)), pa.array([name(text)], pa.string())
    )


def partition_numbers(partition: int, rows: int) -> pa.Array:
    """The same partition in every row, uint32."""
    if not 0 <= partition < 2**31:
        raise Reject(Rejected.INVALID_HEADER)
    return pa.array(np.full(rows, partition, np.uint32))


def offsets(values: NDArray[Any]) -> pa.Array:
    """Kafka offsets (int64, never negative) as uint64."""
    if len(values) and int(values.min()) < 0:
        raise Reject(Rejected.INVALID_HEADER)
    return pa.array(values.astype(np.uint64))
