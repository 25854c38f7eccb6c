"""Faust's consumer, which hands on bundles of messages, and with its positions mended.

- Where nothing was ever committed, it goes back as well. Faust throws away what it has fetched when
  a rebalance begins, and means to read it again from the committed offsets. But
  ``AIOKafkaConsumer.seek_to_committed`` leaves a partition without one where it is: behind what was
  thrown away, which then would never be read.
- It looks often whether a partition has room again, or something new. Faust looks once a second
  where none has room, and a bundle may be a single message: of those few are read ahead, so what
  comes steadily would wait that second.
- The end of the last bundle that was acknowledged is what is committed. Faust looks for a row of
  offsets without a gap, and takes a gap for messages that do not exist; a bundle has the offset of
  its last message alone. Each partition has one agent, which acknowledges in the order of reading,
  and Faust lets nothing out but in a rebalance, after which all is read from what is committed. So
  nothing before the last one is left. That holds for Faust's compiled streams alone: those in
  Python acknowledge by themselves what they leave out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from aiokafka import TopicPartition
from faust import streams as faust_streams
from faust.transport.drivers import aiokafka
from faust.types import TP

from events.errors import Stop
from streams.bundles import bundled

#: How often it is looked whether a partition has room again; what comes waits no longer for that.
_LOOK_S = 0.05


class _ConsumerThread(aiokafka.AIOKafkaConsumerThread):
    async def getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        """One bundle for each partition of which there is something. Only the partitions that have
        room now are waited for."""
        found = await super().getmany(active_partitions, min(timeout, _LOOK_S))
        return {tp: [bundled(messages)] for tp, messages in found.items() if messages}

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


class BundleConsumer(aiokafka.Consumer):
    async def _wait_next_records(self, timeout: float) -> Any:
        """Records by partition, and the partitions that have room."""
        if self.flow_active and not self._get_active_partitions():
            await self.sleep(_LOOK_S)
            return {}, set()
        return await super()._wait_next_records(timeout)

    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def _new_offset(self, tp: TP) -> int | None:
        """What comes after the last message that was acknowledged; None where nothing new was."""
        acked = self._acked[tp]
        if not acked:
            return None
        last = max(acked)
        acked.clear()
        self._acked_index[tp].clear()
        return last + 1

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """What lies between two bundles is in the later one, or is nowhere."""


class Transport(aiokafka.Transport):
    """Faust's transport for aiokafka, with such a consumer."""

    Consumer = BundleConsumer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if faust_streams._CStreamIterator is None:  # type: ignore[attr-defined]
            raise Stop(
                "Faust's compiled parts are missing, and without them messages could be lost. "
                "Install faust-streaming from a wheel, and unset NO_CYTHON."
            )
        super().__init__(*args, **kwargs)
