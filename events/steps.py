"""Places as steps: where the pointer is from where it was, in a form that compresses well.

A step is a place less the place before, modulo 2**16, and zigzag-coded (0, -1, 1, -2 become 0, 1,
2, 3), so that short steps either way are small numbers. Steps of x are the low halves of values of
32 bits, steps of y the high halves. Those are written byte by byte: the lowest bytes of all values,
then the second lowest of all, and so on (Parquet calls it BYTE_STREAM_SPLIT), so that the high
bytes, nearly all of them 0, stand side by side. Any bytes are some places.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Bytes of an event: low and high byte of x, and of y.
STEP_BYTES = 4

Places = NDArray[np.uint16]


def steps(x_px: Places, y_px: Places) -> bytes:
    """The steps of one batch; the first is from 0. ValueError where x and y differ in number."""
    if len(x_px) != len(y_px):
        raise ValueError("x and y are not of the same events")
    at = np.zeros((2, 1 + len(x_px)), np.uint16)
    at[0, 1:], at[1, 1:] = x_px, y_px
    step = at[:, 1:] - at[:, :-1]
    code = (step << 1 ^ -(step >> 15)).astype("<u2", copy=False)
    return code.view(np.uint8).reshape(2, -1, 2).swapaxes(1, 2).tobytes()


def places(batches: Sequence[bytes]) -> Places:
    """Where the steps of ``batches`` lead, as x and y of all their events: uint16[2, e]. Each batch
    has an event at least."""
    sizes = [len(batch) // STEP_BYTES for batch in batches]
    parts = [
        batch[byte * size : (byte + 1) * size]
        for byte in range(STEP_BYTES)
        for batch, size in zip(batches, sizes, strict=True)
    ]
    low_high = np.frombuffer(b"".join(parts), np.uint8).reshape(STEP_BYTES, -1)
    code = low_high[1::2].astype(np.uint16) << 8 | low_high[::2]
    step = code >> 1 ^ -(code & 1)
    # Each batch first takes back the way of the one before: one running sum does for all.
    first = np.cumsum(sizes, dtype=np.int64) - np.array(sizes, np.int64)
    step[:, first[1:]] -= np.add.reduceat(step, first, axis=1, dtype=np.uint16)[:, :-1]
    return np.cumsum(step, axis=1, dtype=np.uint16)
