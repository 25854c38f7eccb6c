"""Step 1 of carrying: as many messages of a partition as are worth a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import cast

from faust.channels import Channel
from faust.streams import Stream
from faust.types import EventT

from streams.bundles import Message, Messages


@dataclass(frozen=True, slots=True)
class Take:
    """Messages of one partition, in order; ``events`` are the bundles that they came in, to be
    acknowledged when all that the messages led to is committed."""

    events: tuple[EventT[Messages], ...]

    @property
    def partition(self) -> int:
        return int(self.events[0].message.partition)

    @property
    def messages(self) -> list[Message]:
        return [message for event in self.events for message in messages_of(event)]


async def takes(stream: Stream[Messages], most: int, within_s: float) -> AsyncGenerator[Take]:
    """Takes of at most ``most`` messages of a stream of bundles, of which each has no more: all
    that is there when ``most`` are, or ``within_s`` after the first came.

    Nothing is held while the stream is waited for: what is taken is handed out first.
    """
    waiting = cast("Channel[Messages]", stream.channel).queue
    held: list[EventT[Messages]] = []
    count = 0
    async for event in stream.events():
        if count + len(messages_of(event)) > most and held:
            yield Take(tuple(held))
            held, count = [], 0
        held.append(event)
        count += len(messages_of(event))
        if count < most and len(held) == 1 and waiting.empty():
            await asyncio.sleep(within_s)
        if count >= most or waiting.empty():
            yield Take(tuple(held))
            held, count = [], 0


def messages_of(event: EventT[Messages]) -> Messages:
    """What is in a bundle."""
    return cast("Messages", event.value)
