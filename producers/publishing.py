"""A publisher as the commands use one: with the spool of the settings, and patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from events.errors import SpoolFull
from events.options import err
from events.settings import Settings

if TYPE_CHECKING:
    from events.codec import Codec
    from producers.publisher import Publisher

#: The settings every command that publishes batches must offer.
PUBLISHING = ("producer_buffer_bytes", "spool_dir", "spool_limit_bytes", "metrics_port")


@contextmanager
def publishing(settings: Settings, codec: Codec) -> Iterator[Publisher]:
    """A publisher. Where a spool is named, what an earlier run left over goes first; while it is
    full, ``publish`` waits, and a person is told so once. Raises ``SpoolError``."""
    from events.metrics import serve_metrics
    from producers.publisher import Publisher
    from producers.spool import open_spool

    serve_metrics(settings.metrics_port)
    if settings.spool_dir is None:
        with Publisher(settings, codec) as publisher:
            yield publisher
        return
    with open_spool(settings.spool_dir, settings.spool_limit_bytes) as spool:
        if spool.left_over:
            _tell(f"{spool.left_over:,} batches that an earlier run left over are sent first")
        with Publisher(settings, codec, outbox=spool, when_full=told_once()) as publisher:
            yield publisher


def told_once() -> Callable[[SpoolFull], None]:
    """What a command that can wait does with the refusals of a full spool."""
    told = False

    def tell(full: SpoolFull) -> None:
        nonlocal told
        if not told:
            _tell(f"waiting: {full}")
        told = True

    return tell


def _tell(text: str) -> None:
    err.print(f"glasshouse: {text}", highlight=False, markup=False, soft_wrap=True)
