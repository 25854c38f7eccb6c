"""Codecs that leave no connection to a registry open behind a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from events.codec import Codec
from events.registry import ConfluentRegistry, codec_for
from events.settings import Settings


@contextmanager
def codec_of(settings: Settings) -> Iterator[Codec]:
    """The codec of these settings, which has looked nothing up yet."""
    codec = codec_for(settings)
    try:
        yield codec
    finally:
        if isinstance(codec.registry, ConfluentRegistry):
            codec.registry.client.close()
