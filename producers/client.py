"""How librdkafka is set up for whoever writes the input topics."""

from __future__ import annotations

from typing import Any

from events.kafka import client_config
from events.settings import Settings


def producer_config(settings: Settings) -> dict[str, Any]:
    """librdkafka properties of every producer that writes the input topics."""
    return client_config(
        settings,
        **{
            "enable.idempotence": True,
            # Java's default partitioner: whoever writes, a key goes to the same partition.
            "partitioner": "murmur2_random",
            "queue.buffering.max.kbytes": settings.producer_buffer_bytes // 1024,
            # Many small messages at a time: what is sent together is compressed together.
            "linger.ms": 20,
            "batch.size": 1_000_000,
            "compression.type": "zstd",
            # Never: we give up ourselves after server_timeout_s, with all that is unsent known.
            "message.timeout.ms": 0,
        },
    )
