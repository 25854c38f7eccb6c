"""A lock file that one process has at a time, and that says which."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress


def holder_of(lock: int) -> str | None:
    """Take the open file ``lock`` until it is closed, and write our process number into it: None.
    Where another process has it: that one's number, or ``(unknown)``."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "(unknown)"
    with suppress(OSError):  # a full disk: then nobody is told our number, and all else holds
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return None
