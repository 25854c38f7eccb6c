"""What a take leads to goes out in one Kafka transaction: all of it can be read, or nothing.

The offsets of what was taken are no part of it. Faust commits those later by itself, so a take may
come again after its output is committed; what it leads to then is whole as well, and collapses.

Why librdkafka, and not aiokafka, which Faust uses: a producer of aiokafka has no time limits, tries
on for ever while the broker is away, and cannot be closed meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Producer

from events.clock import MS_PER_S, Clock
from events.errors import GlasshouseError, Retry, Stop
from events.kafka import client_config, transactional_id
from events.log import log
from events.settings import Settings
from events.topics import Topic
from streams.emit import Emission

LARGEST_MESSAGE_BYTES = 4 * 1_048_576

_FENCED = frozenset(
    {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH}
)
_FORBIDDEN = frozenset(
    {
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)


class Fenced(Retry):
    """Kafka has ended our transaction, since another worker began one for the partition, or since
    ours took too long: nothing of it will ever be read."""


@dataclass(slots=True)
class Outbox:
    """The output of one partition of ``source``, the lane of whoever has it now.

    The producer's name is the lane's, whichever process has it. So whoever opens the lane has Kafka
    end what the owner before it left open, and refuse what that one still sends (KIP-98). A
    producer that failed in any way is not used again: the next one has what it left ended, just as
    after a crash. The embedded broker does neither (DESIGN.md, "One transaction a take").
    """

    settings: Settings
    source: Topic
    clock: Clock
    _producer: Producer | None = None
    # Of its own, so that nothing of one lane ever waits for another one.
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "outbox"))

    async def deliver(self, partition: int, emissions: Sequence[Emission], until_s: float) -> None:
        """Commit ``emissions`` to this partition of their topics, by ``until_s`` (monotonic).

        ``Retry`` where this did not succeed in time. Kafka may have committed all the same, if its
        answer was lost; otherwise nothing will be read. What is tried again then has to be judged
        again. If the lane was fenced, this waits for a session's length first: by then a worker
        whose partition has moved knows it, and its agent has ended here. ``Stop`` where rights are
        missing. Cancelled, it does to its end in its thread what it has begun.
        """
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._deliver, partition, emissions, until_s)
        except Fenced:
            log.warning("output was fenced off", topic=self.source.value, partition=partition)
            await asyncio.sleep(self.settings.group_session_timeout_s)
            raise

    def close(self) -> None:
        """Give the lane up, once what is under way has ended; returns at once."""
        self._thread.submit(self._drop)
        self._thread.shutdown(wait=False)

    def _deliver(self, partition: int, emissions: Sequence[Emission], until_s: float) -> None:
        """1 open the lane, 2 begin and send, 3 wait for every acknowledgement, 4 commit."""
        try:
            if self._producer is None:
                self._open(partition, until_s)
            self._send(partition, emissions, until_s)
            self._wait(until_s)
            self._commit(until_s)
            return
        except KafkaException as error:
            failure = _meaning(error.args[0], self.settings.kafka_user)
        except BaseException:
            self._drop()
            raise
        self._drop()
        raise failure

    # No method keeps the producer in a variable, and no error is raised from Kafka's: an error
    # remembers its frames, and the producer has to be gone, or it would go on trying to commit.

    def _open(self, partition: int, until_s: float) -> None:
        """From here on, whoever had the lane before can commit nothing more."""
        more = {
            "transactional.id": transactional_id(self.settings, self.source, partition),
            "transaction.timeout.ms": int(self.settings.commit_within_s * MS_PER_S),
            "compression.type": "zstd",
            "message.max.bytes": LARGEST_MESSAGE_BYTES,
            # What it says of a failed transaction, we say. (Not by a logger: the client can fail in
            # the middle of `flush` with an AttributeError where it calls one.)
            "log_level": 0,
        }
        self._producer = Producer(client_config(self.settings, **more))
        self._producer.init_transactions(self._left_s(until_s))

    def _send(self, partition: int, emissions: Sequence[Emission], until_s: float) -> None:
        assert self._producer
        self._left_s(until_s)
        self._producer.begin_transaction()
        for emission in emissions:
            self._producer.produce(emission.topic.value, emission.value, partition=partition)

    def _wait(self, until_s: float) -> None:
        assert self._producer
        self._producer.flush(self._left_s(until_s))  # what Kafka refused fails the commit

    def _commit(self, until_s: float) -> None:
        assert self._producer
        self._producer.commit_transaction(self._left_s(until_s))

    def _left_s(self, until_s: float) -> float:
        """Seconds left; ``Retry`` where there are none."""
        left_s = until_s - self.clock.monotonic_s()
        if left_s <= 0:
            within_s = self.settings.commit_within_s
            raise Retry(f"output could not be committed within {within_s:g} s of its judgement")
        return left_s

    def _drop(self) -> None:
        # Without a word to Kafka, as in a crash. The last reference to it ends its threads.
        self._producer = None


def _meaning(error: KafkaError, user: str) -> GlasshouseError:
    if error.code() in _FENCED:
        return Fenced(f"another worker has the partition ({error.name()})")
    if error.code() in _FORBIDDEN:
        return Stop(
            f"user {user or 'nobody'} may not write the output in a transaction ({error.name()}). "
            "Run `glasshouse provision --rights` as administrator."
        )
    return Retry(f"Kafka took no output ({error.name()})")
