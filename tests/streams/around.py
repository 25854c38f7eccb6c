"""Everything around a worker: stream, ledger and Kafka, in memory, which fail when told to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from events.clock import MS_PER_S, FixedClock
from events.codec import Codec
from events.consent import Word
from events.policy import BUNDLED_POLICY, Policy, load_policy
from events.settings import Settings
from events.topics import Topic
from streams.emit import Emission
from streams.key_ring import KeyRing
from streams.ledger import Ledger
from streams.pipeline import Rules
from streams.policy_reader import InForce
from streams.secrets import Secrets
from streams.worker import Worker
from tests.kit.consent import ledger_of
from tests.strategies import NOW_MS, Sent, everyone_agrees, ring
from tests.streams.test_pipeline import SECRETS

POLICY, KEYS = load_policy(BUNDLED_POLICY), ring(0)

#: What a step raises, or what happens while it lasts.
Fault = BaseException | Callable[[], None] | None


@dataclass(slots=True)
class Around:
    """``faults`` says for each step what goes wrong the first time, the second, ...; None: nothing.

    The steps, as the journal has them: take, ledger, open, send, acknowledged, commit, committed
    (Kafka has done it, and only its answer can be lost), ack. ``sent`` is what can be read.
    """

    run: list[Sent]
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    policies: list[Policy] = field(default_factory=list)  # in force the first time, the second, ...
    words: list[Word] = field(default_factory=everyone_agrees)
    journal: list[str] = field(default_factory=list)
    sent: list[Emission] = field(default_factory=list)
    acked: list[int] = field(default_factory=list)
    configs: list[dict[str, Any]] = field(default_factory=list)
    producers: int = 0  # that are there now
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW_MS))
    proved_s: float = float("-inf")
    enable_acks: bool = True
    task: asyncio.Task[None] | None = None

    def step(self, name: str) -> None:
        self.journal.append(name)
        fault = self.faults[name].pop(0) if self.faults.get(name) else None
        if isinstance(fault, BaseException):
            raise fault
        if fault is not None:
            fault()

    def stall(self, seconds: float) -> Callable[[], None]:
        """As a fault: the process stands still for so long."""

        def pass_by() -> None:
            self.clock.at_ms += int(seconds * MS_PER_S)

        return pass_by

    def cancel(self) -> None:
        """As a fault: Faust takes the agent's partition away."""
        assert self.task
        self.task.get_loop().call_soon_threadsafe(self.task.cancel)

    def carry(self, **settings: Any) -> None:
        """Run a worker here until it has taken everything, or a fault ends it."""
        worker = Worker(
            settings=Settings(**{"server_timeout_s": 0.3, "take_messages": 2, **settings}),
            rules=Rules(Codec(), POLICY, KEYS),
            policies=cast(Any, SimpleNamespace(current=self.policy)),
            keys=cast(Any, Standing(KEYS)),
            ledger=cast(Any, self),
            secrets=cast(Any, EveryonesSecrets()),
            clock=self.clock,
            topic_ids={Topic.RAW: "raw-id", Topic.CONSENT: "consent-id"},
        )

        async def carry() -> None:
            self.task = asyncio.current_task()
            await worker._carry(Topic.RAW, cast(Any, self), worker._judge)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("streams.outbox.Producer", lambda config: Producer(self, config))
            try:
                asyncio.run(carry())
            finally:
                for thread in threading.enumerate():
                    if thread.name.startswith("outbox"):
                        thread.join(10)

    # The stream

    @property
    def channel(self) -> Any:
        return SimpleNamespace(queue=SimpleNamespace(empty=lambda: True))

    async def events(self) -> AsyncIterator[Any]:
        """Bundles of two messages."""
        first = len(self.acked)
        for start in range(first, len(self.run), 2):
            self.step("take")
            yield self._bundle(range(start, min(start + 2, len(self.run))))

    def _bundle(self, offsets: range) -> Any:
        messages = tuple(
            SimpleNamespace(
                offset=offset, timestamp=NOW_MS, value=self.run[offset].value, headers=()
            )
            for offset in offsets
        )
        message = SimpleNamespace(partition=1, offset=offsets[-1])
        return SimpleNamespace(message=message, value=messages)

    async def ack(self, event: Any) -> None:
        self.step("ack")
        offsets = [message.offset for message in event.value]
        assert offsets[0] == len(self.acked)
        self.acked += offsets

    # The policy

    async def policy(self) -> InForce:
        proved_s = self.clock.monotonic_s()
        found = self.policies.pop(0) if self.policies else POLICY
        return InForce(found, proved_s)

    # The ledger

    async def current(self) -> Ledger:
        self.proved_s = self.clock.monotonic_s()
        ledger = ledger_of(self.words)
        self.step("ledger")
        await asyncio.sleep(0)  # where a cancellation is heard
        return ledger


class EveryonesSecrets:
    """Always just proved to be current."""

    proved_s = float("inf")

    async def current(self) -> Secrets:
        return SECRETS


@dataclass(frozen=True, slots=True)
class Standing:
    """In the place of a ``RingReader``: a ring that is always known far enough."""

    ring: KeyRing

    async def current(self, ahead_ms: int) -> KeyRing:
        assert ahead_ms == POLICY.clock_tolerance_ms
        return self.ring


class Producer:
    """Of librdkafka, as far as the outbox uses it, with real transactions."""

    def __init__(self, around: Around, config: dict[str, Any]) -> None:
        self.around = around
        self.open: list[Emission] | None = None
        around.configs.append(config)
        around.producers += 1

    def __del__(self) -> None:
        self.around.producers -= 1

    def init_transactions(self, timeout: float) -> None:
        assert timeout > 0
        assert self.around.producers == 1, "the one before is still there"
        self.around.step("open")

    def begin_transaction(self) -> None:
        assert self.open is None
        self.open = []

    def produce(self, topic: str, value: bytes, partition: int) -> None:
        assert partition == 1
        assert self.open is not None
        self.around.step("send")
        self.open.append(Emission(Topic(topic), value))

    def flush(self, timeout: float) -> int:
        assert timeout > 0
        self.around.step("acknowledged")
        return 0

    def commit_transaction(self, timeout: float) -> None:
        assert timeout > 0
        assert self.open is not None
        self.around.step("commit")
        self.around.sent += self.open
        self.open = None
        self.around.step("committed")


def without(run: Sequence[Word], subject: str) -> list[Word]:
    """The words of everybody but one."""
    return [word for word in run if word.subject != subject]
