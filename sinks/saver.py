"""Insert a block in a second thread, commit its offsets once it is in, and show what is left."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for

from confluent_kafka import KafkaException, TopicPartition

from events.backlog import Backlog, Reach
from events.clock import MS_PER_S, Clock
from events.log import log
from events.metrics import BLOCK_BYTES, LOAD_SECONDS
from sinks.block import Block
from sinks.consumer import MessageSource, names_of
from sinks.coordinates import Key
from sinks.insert import Inserter
from sinks.progress import Progress

_COMMIT_AGAIN_S = 1.0
#: How often the backlog is looked at, which is also how exact its age is.
_LOOK_S = 1.0


class Saver:
    """One block is under way at a time, also where it was dropped: of what a rebalance leaves
    behind, no more than one is ever held. All methods belong to the thread that polls."""

    def __init__(
        self, inserter: Inserter, source: MessageSource, progress: Progress, clock: Clock
    ) -> None:
        self._inserter = inserter
        self._source = source
        self._progress = progress
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "insert")
        self._flight: tuple[Block, Future[None]] | None = None
        self._to_commit: dict[Key, int] = {}
        self._notes: dict[Key, str] = {}
        self._commit_at_s = 0.0
        self._backlog = Backlog(clock)
        self._look_at_s = 0.0

    @property
    def is_busy(self) -> bool:
        return self._flight is not None

    def launch(self, block: Block) -> None:
        """Start to insert ``block``; only when not busy."""
        self._flight = block, self._thread.submit(self._inserter.insert, block)

    def wait(self, timeout_s: float) -> bool:
        """Wait for the insert under way; whether none is under way any more, but for ``land``."""
        return self._flight is None or bool(wait_for([self._flight[1]], max(0.0, timeout_s)).done)

    def land(self) -> None:
        """If the insert under way is done, commit what it brought; and whatever an earlier commit
        failed to, when that is due. Raises what the insert raised."""
        if self._flight is not None and self._flight[1].done():
            (block, inserted), self._flight = self._flight, None
            if block.is_dropped.is_set():
                return
            inserted.result()
            rows = {table: part.num_rows for table, part in block.tables.items()}
            self._progress.were_inserted(block.messages, rows)
            self._to_commit.update(block.offsets)
            self._notes.update(block.notes)
            self._measure(block)
            self._commit()
        elif self._to_commit and self._clock.monotonic_s() >= self._commit_at_s:
            self._commit()

    def look(self, gathered_bytes: int = 0, *, is_paused: bool = False) -> None:
        """Once a second, show what we hold, and how far we are behind in the partitions that are
        ours now. Where reading is paused nobody knows where they end."""
        now_s = self._clock.monotonic_s()
        if now_s < self._look_at_s:
            return
        self._look_at_s = now_s + _LOOK_S
        BLOCK_BYTES.set(gathered_bytes + (self._flight[0].size_bytes if self._flight else 0))
        saved = self._progress.saved()
        self._backlog.look(
            {key: Reach(at, None if is_paused else self._end(key)) for key, at in saved.items()}
        )

    def drop(self) -> None:
        """Commit nothing of what is not committed: the partitions are somebody else's. An insert
        that keeps failing is not repeated any more."""
        if self._flight is not None:
            self._flight[0].is_dropped.set()
        self._to_commit, self._notes = {}, {}

    def close(self) -> None:
        """End the thread; an insert that keeps failing ends soon, once its inserter is stopping."""
        self._inserter.stopping.set()
        self._thread.shutdown(wait=True)

    def _commit(self) -> None:
        offsets = [
            TopicPartition(topic.value, partition, offset, self._notes.get((topic, partition), ""))
            for (topic, partition), offset in self._to_commit.items()
        ]
        try:
            for position in self._source.commit(offsets=offsets, asynchronous=False):
                if position.error is not None:
                    raise KafkaException(position.error)
        except KafkaException as error:
            log.warning("commit failed, trying again", error=names_of(error))
            self._commit_at_s = self._clock.monotonic_s() + _COMMIT_AGAIN_S
            return
        self._progress.were_saved(self._to_commit)
        self._to_commit, self._notes = {}, {}

    def _measure(self, block: Block) -> None:
        now_ms = self._clock.now_ms()
        for (topic, _), oldest_ms in block.oldest_ms.items():
            LOAD_SECONDS.labels(topic.value).observe(max(0, now_ms - oldest_ms) / MS_PER_S)
        for key, newest_ms in block.newest_ms.items():
            self._backlog.handled(key, newest_ms)

    def _end(self, key: Key) -> int | None:
        """Where a partition ended when something was last fetched of it; None before that."""
        topic, partition = key
        position = TopicPartition(topic.value, partition)
        known = self._source.get_watermark_offsets(position, cached=True)
        return known[1] if known is not None and known[1] >= 0 else None
