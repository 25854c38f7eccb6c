"""Faust's consumer with one thing mended: where nothing was ever committed, it goes back as well.

Faust throws away what it has fetched when a rebalance begins, and means to read it again from the
committed offsets. But ``AIOKafkaConsumer.seek_to_committed`` leaves a partition without one where
it is: behind what was thrown away, which then would never be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from aiokafka import TopicPartition
from faust.transport.drivers import aiokafka
from faust.types import TP


class _ConsumerThread(aiokafka.AIOKafkaConsumerThread):
    async def seek_to_committed(self) -> Mapping[TP, int]:
        found = await self.call_thread(self._seek_to_committed_or_beginning)
        return cast("Mapping[TP, int]", found)

    async def _seek_to_committed_or_beginning(self) -> Mapping[TopicPartition, int]:
        """Offsets by partition, as aiokafka gives them: None where nothing was committed."""
        consumer = self._ensure_consumer()
        committed = await consumer.seek_to_committed()
        # A partition may have gone while that was asked for; then there is nothing to seek.
        begin = [tp for tp in consumer.assignment() if tp in committed and not committed[tp]]
        if begin:
            await consumer.seek_to_beginning(*begin)
        return cast("Mapping[TopicPartition, int]", committed)


class _Consumer(aiokafka.Consumer):
    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)


class Transport(aiokafka.Transport):
    """Faust's transport for aiokafka, with such a consumer."""

    Consumer = _Consumer
