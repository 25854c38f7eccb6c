"""Room on the disk that a spool gives up to itself when there is no other.

To remove a batch is to write: the log grows first, and the database when the log is brought into
it. On a full disk neither can, and a spool whose batches Kafka has would never get rid of them.
"""

from __future__ import annotations

import os
from pathlib import Path

from producers.spool_folder import RESERVE, ZEROS

#: What the database may grow by when the longest log is brought into it.
RESERVE_BYTES = 6_291_456


class Reserve:
    """A file of zeros, there or not."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RESERVE

    def take(self) -> None:
        """Have it, if the disk has the room; a full one is asked again the next time."""
        if self._path.exists() and self._path.stat().st_size == RESERVE_BYTES:
            return
        try:
            with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                for _ in range(RESERVE_BYTES // len(ZEROS)):
                    file.write(ZEROS)
        except OSError:
            self._path.unlink(missing_ok=True)

    def give_up(self) -> bool:
        """Make its room free; whether there was any."""
        if not self._path.exists():
            return False
        self._path.unlink()
        return True
