"""An eraser with all that it takes, as the settings say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.subject.compacted import Compacted
from deploy.subject.custody import open_custody
from deploy.subject.erase import Eraser, Say
from events.clock import SystemClock
from events.kafka import wait_for_kafka
from events.registry import codec_for
from events.settings import Settings
from streams.key_ring import KeyRing


@contextmanager
def open_eraser(settings: Settings, ring: KeyRing, folder: Path, say: Say) -> Iterator[Eraser]:
    """Raises ``Stop`` where a server is not there, or the tables are of another version."""
    clock, codec = SystemClock(), codec_for(settings)
    admin = None if settings.embedded_kafka else wait_for_kafka(settings)
    sealing = ring.sealing.exported(for_registrar=True)
    with open_custody(settings) as custody:
        compacted = Compacted(settings, codec, sealing, clock)
        yield Eraser(settings, custody, compacted, admin, folder, ring.destroyed, clock, say)
