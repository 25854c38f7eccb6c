"""Has the C library keep what arrays have freed, for the arrays that come next.

glibc gives larger pieces back to the system at once, and has them zeroed when it asks for as much a
moment later. Working on columns is little else than asking for arrays of the same sizes again.
"""

from __future__ import annotations

import ctypes
from typing import Final

#: Numbers of <malloc.h>.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3

#: Pieces up to this size are kept (glibc takes no more), and this much of free memory at most.
KEPT_PIECE_BYTES: Final = 32 * 1_048_576
KEPT_BYTES: Final = 64 * 1_048_576


def keep_freed_memory() -> bool:
    """From now on, in this process; whether the C library knows how."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # not glibc
        return False
    settings = {_TRIM_THRESHOLD: KEPT_BYTES, _MMAP_THRESHOLD: KEPT_PIECE_BYTES}
    return all(mallopt(what, value) for what, value in settings.items())
