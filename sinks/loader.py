"""From the output topics to ClickHouse: at least once, and every row carries its own identity, so
that what comes twice is the same row."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from confluent_kafka import KafkaError, TopicPartition

from events.clock import Clock, SystemClock
from events.codec import Codec
from events.errors import Retry, ServerMissing
from events.log import log
from events.settings import Settings
from events.topics import Topic
from sinks.block import Gathering
from sinks.chain.head import AskingClient, Heads
from sinks.consumer import Message, MessageSource, open_consumer, stop_if_hopeless
from sinks.coordinates import Coordinates, Key
from sinks.decode import LOADED_TOPICS
from sinks.ends import loaded_topic_ends
from sinks.erased import Erased, PeopleClient
from sinks.insert import STOP_GRACE_S, ArrowClient, Inserter
from sinks.intake import Intake
from sinks.progress import Loaded, Progress
from sinks.saver import Saver

#: Longest the loop waits for a message: how late it may notice a finished insert, or a stop.
_POLL_S = 0.02
#: How long a full block waits for the one before it until reading is paused. Pausing throws away
#: what was read ahead, so it is for outages, not for every block. Well within the poll interval.
_HOLD_S = 2.0
#: How long leaving partitions waits for inserts; what is not in by then, the next owner repeats.
_LEAVE_S = 3.0
#: Between two tries of a message for which a server is needed that is away.
_AWAY_S = 1.0


class LoaderClient(ArrowClient, AskingClient, PeopleClient, Protocol):
    """What the loader needs of a ClickHouse client."""


class Loader:
    """One member of the loader's group. ``run`` does, over and over:

    1  poll     a message, or the word that a partition has no more
    2  decode   to Arrow, and gather; a message that cannot be decoded becomes a dead letter, and
                one of the accounting is chained to the one before it (``sinks.chain``)
    3  insert   all tables of the block once it has ``insert_rows`` or is ``insert_age_ms`` old, in
                a second thread, so that 1 and 2 go on with the next block; but no rows of people
                who were erased (``sinks.erased``)
    4  commit   exactly the offsets of what was inserted, each with the hash its chain has there

    A stop after 1 or 2 leaves nothing behind. After 3, or in its middle, the same messages are read
    and inserted again: the same rows. After 4 nothing is repeated. A failed commit is tried again.
    While ClickHouse is away one block is repeated, the next is gathered, then reading pauses;
    polling goes on, so the loader stays in its group, for as long as it takes.

    ``topic_ids`` (Kafka's ids of the loaded topics) go into the dead letters of the loader itself.
    """

    def __init__(
        self,
        settings: Settings,
        client: LoaderClient,
        codec: Codec,
        topic_ids: Mapping[Topic, str],
        *,
        source: MessageSource | None = None,
        ends: Callable[[], Mapping[Key, int]] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._source = source if source is not None else open_consumer(settings)
        self._ends = ends if ends is not None else lambda: loaded_topic_ends(settings)
        self._clock = clock if clock is not None else SystemClock()
        self._intake = Intake(codec, topic_ids, settings.dead_letter_limit)
        self._heads = Heads(self._source, client)
        self._gathering = Gathering()
        self._progress = Progress()
        self._inserter = Inserter(client, settings.insert_give_up_s, sift=Erased(client).kept_out)
        self._saver = Saver(self._inserter, self._source, self._progress, self._clock)
        self._paused = False
        self._away_since_s: float | None = None

    # For other threads.

    @property
    def loaded(self) -> Loaded:
        """Messages and rows inserted since the start."""
        return self._progress.loaded

    def caught_up(self) -> bool:
        """Whether every partition of ours had no more when last asked, and all that was read is
        inserted and committed. What was sent a moment ago may not have been seen yet."""
        return self._progress.is_at_end()

    def wait_until_caught_up(self, timeout_s: float) -> bool:
        """Wait until all that is in the topics at this moment is inserted and committed; False if
        it is not after ``timeout_s``."""
        until_s = self._clock.monotonic_s() + timeout_s
        ends = self._ends()
        while not self._progress.has_reached(ends):
            if self._clock.monotonic_s() >= until_s:
                return False
            time.sleep(_POLL_S)
        return True

    # The loop.

    def run(self, stop: threading.Event) -> None:
        """Load until ``stop`` is set; then insert and commit what was gathered, and leave.

        Raises ``Stop`` (``DeadLetterLimit``, ``ServerMissing`` among them) when going on is
        pointless: nothing is lost then either.
        """
        try:
            self._source.subscribe(
                [topic.value for topic in LOADED_TOPICS],
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_lost,
            )
            while not stop.is_set():
                self._step()
            self._inserter.stopping.set()
            self._save_all(STOP_GRACE_S + _LEAVE_S)
        finally:
            self._saver.close()
            self._drop()
            self._source.close()

    def _step(self) -> None:
        message = self._source.poll(_POLL_S)  # 1
        if message is not None:
            self._take(message)  # 2
        self._saver.land()  # 4
        self._save_what_is_due()  # 3
        self._saver.look(self._gathering.size_bytes, is_paused=self._paused)

    def _take(self, message: Message) -> None:
        """Gather what a message brings, or the word that there is no more."""
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            stop_if_hopeless(error)
            return
        at = self._intake.coordinates(message)
        limit_s = self._settings.insert_give_up_s
        try:
            if at.topic is Topic.ACCOUNTING and (error is None or at.offset > 0):
                self._heads.begin(at)
            limit_s = self._settings.server_timeout_s
            rows = None
            if error is None:
                rows = self._heads.sealed(at, self._intake.rows(at, message.value()))
        except Retry as away:
            self._read_again(at, away, limit_s)
            return
        self._away_since_s = None
        if rows is None:
            self._take_end(at)
            return
        self._progress.was_read(at.key, at.offset)
        now_s, note = self._clock.monotonic_s(), self._heads.note(at.key)
        self._gathering.add(at, rows, now_s, note)

    def _take_end(self, at: Coordinates) -> None:
        """Commit where a partition ends, though no message led there: with its chain's note, which
        a commit without one would take away."""
        if self._progress.has_ended(at.key, at.offset):
            note = self._heads.note(at.key)
            self._gathering.add_end(at.key, at.offset, self._clock.monotonic_s(), note)

    def _save_what_is_due(self) -> None:
        full = self._gathering.is_full(self._settings.insert_rows)
        limit_s = self._settings.insert_age_ms / 1_000
        if self._saver.is_busy:
            if full and not self._paused and not self._saver.wait(_HOLD_S):
                log.warning("inserts are slow or failing: reading is paused")
                self._paused = True
                self._source.pause(self._source.assignment())
        elif full or self._gathering.is_old(limit_s, self._clock.monotonic_s()):
            self._saver.launch(self._gathering.take())
            self._read_on()

    def _read_on(self) -> None:
        if self._paused:
            self._paused = False
            self._source.resume(self._source.assignment())

    def _read_again(self, at: Coordinates, away: Retry, limit_s: float) -> None:
        """Go back to the message: a server is away that it needs, which is not its fault.
        ``limit_s`` 0: for as long as it is away."""
        now_s = self._clock.monotonic_s()
        since_s = self._away_since_s = self._away_since_s or now_s
        if limit_s and now_s - since_s > limit_s:
            raise ServerMissing(
                f"{away}, for {limit_s:g} s. Is it running? Nothing is "
                "lost: start `glasshouse load` when it is back."
            )
        self._source.seek(TopicPartition(at.topic.value, at.partition, at.offset))
        time.sleep(_AWAY_S)

    def _save_all(self, timeout_s: float) -> None:
        """Insert and commit all that was gathered, as far as that goes in ``timeout_s``: the block
        under way, then the one in the making."""
        until_s = self._clock.monotonic_s() + timeout_s
        try:
            self._saver.wait(timeout_s)
            self._saver.land()
            if not self._saver.is_busy and self._gathering.since_s is not None:
                self._saver.launch(self._gathering.take())
                self._saver.wait(until_s - self._clock.monotonic_s())
                self._saver.land()
        except Retry as error:
            log.warning("rows were not inserted; they are still in Kafka", error=str(error))

    def _drop(self) -> None:
        """Forget what is not committed: whoever gets the partitions reads it again."""
        self._gathering.drop()
        self._saver.drop()
        self._heads.forget()
        self._progress.lost()

    # The group.

    def _on_assign(self, _: object, partitions: list[TopicPartition]) -> None:
        self._heads.forget()
        self._progress.assigned((Topic(each.topic), each.partition) for each in partitions)

    def _on_revoke(self, _: object, partitions: list[TopicPartition]) -> None:
        """Partitions go to another loader: save what can be, in time, and forget the rest."""
        self._save_all(_LEAVE_S)
        self._drop()
        self._read_on()  # librdkafka keeps a pause for when the partition comes back

    def _on_lost(self, _: object, partitions: list[TopicPartition]) -> None:
        """They are another loader's already: nothing may be committed."""
        self._drop()
        self._read_on()
