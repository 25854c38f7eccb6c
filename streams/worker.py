"""The Faust app. Its agents only move data; what happens to the data is in pipeline.py."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import cast

import faust
from faust.exceptions import ConsumerNotStarted
from faust.streams import Stream
from faust.transport.consumer import Consumer
from faust.types import TP, StreamT
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    stop_all,
    wait_exponential,
)

from events.backlog import Backlog, Key, Reach
from events.clock import MS_PER_S, Clock
from events.errors import GlasshouseError, Retry, ServerMissing
from events.log import kind_and_place, log
from events.metrics import LATENCY_SECONDS, TAKE_MESSAGES, TAKE_SECONDS
from events.policy import Policy
from events.redrive import redriven_from
from events.settings import Settings
from events.topics import Topic
from streams.bundles import AsItIs, Message, Messages
from streams.consent_log import consent_log
from streams.credentials import credentials
from streams.decode import RawMessage
from streams.emit import Emission, Source, emit
from streams.ledger_reader import LedgerReader
from streams.no_tables import NoTables
from streams.observe import observe
from streams.outbox import LARGEST_MESSAGE_BYTES, Outbox
from streams.pipeline import Rules, process
from streams.policy_reader import PolicyReader
from streams.positions import Transport
from streams.refusals import RefusalLimit
from streams.ring_reader import RingReader
from streams.secrets_reader import SecretsReader
from streams.supervisor import PatientSupervisor
from streams.takes import Take, takes

EXIT_STOPPED = 3

#: A process that was stopped for longer than a server is waited for shall not end for that alone.
_LEAST_TRIES = 3
#: A broker that has just started may name no topics yet. The worker that shares out the partitions
#: at that moment leaves these out, and does it again once it sees them: not after five minutes.
_METADATA_AGE_MS = 10_000
#: Bundles of a partition that are read ahead, of at most a take each.
_WAITING_BUNDLES = 4
#: How often the backlog is looked at, which is also how exact its age is.
_LOOK_S = 1.0


@dataclass(slots=True)
class Lane:
    """What a worker remembers of one partition of the raw topic: nothing that a result needs."""

    refusals: RefusalLimit
    seen_ms: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a take: it must be committed by ``until_s`` (monotonic), or judged again.
    ``note`` is for what counts once, however often the take was judged."""

    emissions: Sequence[Emission]
    until_s: float
    note: Callable[[], None] = lambda: None


#: How a take becomes output.
Handle = Callable[[Take], Awaitable[Judged]]


@dataclass(slots=True)
class Worker:
    """Carries messages from the raw and consent topics to the output topics.

    The policy of ``rules`` is that of the start; each take is judged by the one in force then, from
    its first message to its books.
    """

    settings: Settings
    rules: Rules
    policies: PolicyReader
    keys: RingReader
    ledger: LedgerReader
    secrets: SecretsReader
    clock: Clock
    topic_ids: dict[Topic, str]
    _lanes: dict[int, Lane] = field(default_factory=dict)
    _backlog: Backlog = field(init=False)

    def __post_init__(self) -> None:
        self._backlog = Backlog(self.clock)

    def app(self, datadir: Path) -> faust.App:
        """The Faust app with its two agents. Tables, web server and declared topics are off.

        Faust insists on ``datadir``, though nothing is ever put there.
        """
        settings = self.settings
        app = faust.App(
            settings.worker_group,
            broker=[f"aiokafka://{server}" for server in settings.kafka_servers.split(",")],
            broker_credentials=credentials(settings),
            store="memory://",
            TableManager=NoTables,
            datadir=datadir,
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            consumer_auto_offset_reset="earliest",
            broker_commit_interval=1.0,
            broker_session_timeout=settings.group_session_timeout_s,
            broker_rebalance_timeout=settings.group_session_timeout_s,
            broker_heartbeat_interval=settings.group_session_timeout_s / 3,
            consumer_metadata_max_age_ms=_METADATA_AGE_MS,
            broker_max_poll_records=settings.take_messages,
            stream_buffer_maxsize=_WAITING_BUNDLES,
            consumer_max_fetch_size=LARGEST_MESSAGE_BYTES,
        )
        app.transport = Transport(app.conf.broker_consumer, app)
        raw = app.topic(Topic.RAW.value, value_serializer=AsItIs())
        consent = app.topic(Topic.CONSENT.value, value_serializer=AsItIs())

        agent = partial(app.agent, isolated_partitions=True, supervisor_strategy=PatientSupervisor)

        @agent(raw, name="interactions")
        async def interactions(stream: StreamT[Messages]) -> None:
            await self._carry(Topic.RAW, cast("Stream[Messages]", stream), self._judge)

        @agent(consent, name="consent-log")
        async def log_consent(stream: StreamT[Messages]) -> None:
            await self._carry(Topic.CONSENT, cast("Stream[Messages]", stream), self._log_consent)

        async def look() -> None:
            self._look(app)

        app.timer(interval=_LOOK_S)(look)
        return app

    async def _carry(self, source: Topic, stream: Stream[Messages], handle: Handle) -> None:
        """Messages of one partition of ``source``, many at a time.

        1. take messages; Faust must not acknowledge them by itself (`enable_acks`)
        2. turn them into output messages: pure, so a crash here changes nothing
        3. commit these in one transaction, in time; if that fails, begin with 2 again
        4. acknowledge what was taken; Faust commits those offsets about once a second

        Stopped anywhere before 4, the same messages are taken again and lead to rows with the same
        identities, which collapse. An error that is not a server's passing fault ends the process
        before 4: an agent that merely raised would be restarted with its messages committed.
        """
        settings, within_s = self.settings, self.settings.take_within_ms / MS_PER_S
        outbox = Outbox(settings, source, self.clock)
        stream.enable_acks = False
        try:
            async with aclosing(takes(stream, settings.take_messages, within_s)) as taken:
                async for take in taken:
                    started_s = self.clock.monotonic_s()
                    judged = await self._judge_and_commit(handle, take, outbox)
                    judged.note()
                    for event in take.events:
                        await stream.ack(event)
                    self._measure(source, take, started_s)
        except asyncio.CancelledError:
            raise
        except GlasshouseError as error:
            die(str(error))
        except Exception as error:
            die(f"unexpected {kind_and_place(error)}. What was taken was not acknowledged.")
        finally:
            outbox.close()

    async def _judge_and_commit(self, handle: Handle, take: Take, outbox: Outbox) -> Judged:
        """Steps 2 and 3, again and again while a server is away or the output comes too late: never
        the old judgement. ``ServerMissing`` after ``server_timeout_s``."""
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(Retry),
                stop=stop_all(
                    stop_after_delay(self.settings.server_timeout_s),
                    stop_after_attempt(_LEAST_TRIES),
                ),
                wait=wait_exponential(multiplier=0.1, max=5),
                reraise=True,
            ):
                with attempt:
                    judged = await handle(take)
                    await outbox.deliver(take.partition, judged.emissions, judged.until_s)
        except Retry as error:
            raise ServerMissing(
                f"{error}, for {self.settings.server_timeout_s:g} s. What was taken was not "
                "acknowledged; start the worker again when the server is back."
            ) from None
        return judged

    async def _judge(self, take: Take) -> Judged:
        lane = self._lane(take.partition)
        in_force = await self.policies.current()
        rules = await self._rules_by(in_force.policy)
        source = self._source(Topic.RAW, take.partition, rules)
        messages = [_raw_message(message, source) for message in take.messages]
        secrets, ledger = await self.secrets.current(), await self.ledger.current()
        # Before they are looked at, which may only have become newer since these proofs.
        proved_s = min(self.ledger.proved_s, self.secrets.proved_s, in_force.proved_s)
        outcome = process(messages, rules, ledger, secrets, self.clock.now_ms())
        for books in outcome.accounts:
            lane.seen_ms[books.purpose] = max(lane.seen_ms.get(books.purpose, -1), books.latest_ms)
        lateness_ms = rules.policy.lateness_ms
        emissions = emit(outcome, source, lateness_ms, lane.seen_ms, rules.codec)

        def note() -> None:
            lane.refusals.note(len(messages), outcome.broken, messages[-1].offset)
            observe(outcome)

        return Judged(emissions, proved_s + self._proof_serves_s(), note)

    async def _rules_by(self, policy: Policy) -> Rules:
        """The rules with this policy, and every key epoch that a batch may belong to by now."""
        ring = await self.keys.current(policy.clock_tolerance_ms)
        return replace(self.rules, policy=policy, ring=ring)

    def _proof_serves_s(self) -> float:
        """For how long after a proof of ledger and policy may be committed what was judged by them:
        the bound of how late an event may pass after its person's withdrawal, or a narrowing."""
        settings = self.settings
        return settings.ledger_max_age_ms / MS_PER_S + settings.commit_within_s

    async def _log_consent(self, take: Take) -> Judged:
        source = self._source(Topic.CONSENT, take.partition, self.rules)
        messages = [RawMessage(each.offset, each.timestamp, each.value) for each in take.messages]
        rules = await self._rules_by(self.rules.policy)
        until_s = self.clock.monotonic_s() + self.settings.commit_within_s
        return Judged(consent_log(messages, source, rules), until_s)

    def _lane(self, partition: int) -> Lane:
        if partition not in self._lanes:
            self._lanes[partition] = Lane(RefusalLimit(self.settings.dead_letter_limit))
        return self._lanes[partition]

    def _source(self, topic: Topic, partition: int, rules: Rules) -> Source:
        return Source(topic, self.topic_ids[topic], partition, rules.policy.sha256)

    def _measure(self, source: Topic, take: Take, started_s: float) -> None:
        messages = take.messages
        TAKE_MESSAGES.observe(len(messages))
        TAKE_SECONDS.observe(self.clock.monotonic_s() - started_s)
        oldest, newest = messages[0], messages[-1]
        LATENCY_SECONDS.observe(max(0, self.clock.now_ms() - oldest.timestamp) / MS_PER_S)
        self._backlog.handled((source, take.partition), newest.timestamp)

    def _look(self, app: faust.App) -> None:
        """Show how far we are behind in the partitions that are ours now."""
        consumer = cast("Consumer", app.consumer)
        try:
            reached = {_key(tp): _reach(consumer, tp) for tp in consumer.assignment()}
        except (AssertionError, ConsumerNotStarted):
            return  # a partition has just gone to another worker, or this one starts or stops
        self._backlog.look(reached)


def _key(tp: TP) -> Key:
    return Topic(tp.topic), tp.partition


def _reach(consumer: Consumer, tp: TP) -> Reach:
    # What Faust has committed it tells nobody. None stands for 0 there; a group that has committed
    # nothing yet is not there, or -1.
    known, end = consumer._committed_offset, consumer.highwater(tp)
    committed = (known[tp] or 0) if tp in known else -1
    if committed < 0:
        return Reach(0 if end == 0 else None, end)
    return Reach(committed, end)


def _raw_message(message: Message, source: Source) -> RawMessage:
    origin = redriven_from(message.headers, source.topic_id, source.partition, message.offset)
    return RawMessage(message.offset, message.timestamp, message.value, origin)


def die(text: str) -> None:
    """End the process now, without a last commit of messages that were only taken."""
    log.error("worker stopped", reason=text)
    sys.stderr.write(f"glasshouse: {text}\n")
    sys.stderr.flush()
    os._exit(EXIT_STOPPED)
