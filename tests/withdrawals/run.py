"""One run: everybody agrees and publishes; one after the other withdraws or pauses; then all that
was sent is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from confluent_kafka.admin import AdminClient

from deploy.lag import lags
from events.clock import MS_PER_S
from events.codec import Codec
from events.consent import ConsentAction
from events.errors import Retry
from events.kafka import end_offsets
from events.policy_folder import verified_policy
from events.purposes import PURPOSES, Purpose
from events.settings import Settings
from events.topics import Topic
from streams.keys import load_keys
from tests.kit.secrets import give_secrets
from tests.withdrawals.fleet import Fleet
from tests.withdrawals.load import Load
from tests.withdrawals.people import People
from tests.withdrawals.result import Result
from tests.withdrawals.watch import Watch
from tests.withdrawals.words import Registrar

_LOOK_S = 0.01
_PATIENCE_S = 120.0
#: Says how many have withdrawn so far.
Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """``withdrawals`` people withdraw or pause, by turns, spread over ``over_s``. ``abort_s`` is
    how often Kafka looks for transactions that took too long."""

    withdrawals: int
    over_s: float
    batch_every_s: float = 1.0
    replay_share: float = 0.0
    abort_s: float = 10.0

    def bound_s(self, settings: Settings, frozen: bool) -> float:
        """The stated bound, as in DESIGN.md."""
        running_s = settings.ledger_max_age_ms / MS_PER_S + settings.commit_within_s
        return running_s + (settings.commit_within_s + self.abort_s if frozen else 0)

    def bound(self, frozen: bool) -> str:
        """The same in words."""
        running = "ledger_max_age_ms + commit_within_s"
        return f"{running} + commit_within_s + Kafka's interval" if frozen else running


class _Run:
    def __init__(self, settings: Settings, fleet: Fleet, plan: Plan, parts: ExitStack) -> None:
        self.settings, self.fleet, self.plan = settings, fleet, plan
        codec, ring = Codec(), load_keys(settings.keys_path)
        self.people = People.of(plan.withdrawals)
        self.registrar = Registrar(settings, codec, ring.sealing.digest_key)
        give_secrets(settings, self.people.names)
        self.registrar.enrol(self.people.names, verified_policy(settings))
        self.watch = parts.enter_context(Watch(settings, codec, self.people.pseudonyms(ring)))
        load = Load(settings, codec, self.people, plan.batch_every_s, plan.replay_share)
        self.load = parts.enter_context(load)

    def looks(self, seconds: float) -> Iterator[float]:
        """Again and again for so long: the seconds that have gone by."""
        started_s = time.monotonic()
        while (gone_s := time.monotonic() - started_s) < seconds:
            self.watch.check()
            self.load.check()
            self.fleet.check()
            yield gone_s
            time.sleep(_LOOK_S)

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        for _ in self.looks(_PATIENCE_S):
            if condition():
                return
        raise AssertionError(f"not in {_PATIENCE_S:g} s: {what}")

    def is_judged(self, admin: AdminClient) -> bool:
        partitions = range(self.settings.kafka_partitions)
        ends = {Topic.RAW: end_offsets(self.settings, Topic.RAW, partitions)}
        try:
            found = lags(admin, self.settings.worker_group, ends)
        except Retry:
            return False
        return not sum(lag.messages for lag in found)

    def withdraw(self, told: Told) -> dict[tuple[str, Purpose], float]:
        """Have all withdraw. When each word was acknowledged."""
        acknowledged_s: dict[tuple[str, Purpose], float] = {}
        names, done = self.people.names, 0
        for gone_s in self.looks(self.plan.over_s + 1):
            self.fleet.trouble()
            due = min(len(names), int(gone_s / self.plan.over_s * len(names)))
            for place in range(done, due):
                action = ConsentAction.PAUSE if place % 2 else ConsentAction.WITHDRAW
                acknowledged_s |= self.registrar.say([names[place]], action)
            done = due
            told(done)
        assert done == len(names)
        return acknowledged_s


def measure(settings: Settings, admin: AdminClient, fleet: Fleet, plan: Plan, told: Told) -> Result:
    """Run ``plan`` with the workers of ``fleet`` on the Kafka of ``settings``, whose topics are
    there, and which is there for trials alone. Fails where it cannot be measured."""
    bound_s = plan.bound_s(settings, bool(fleet.freeze_every_s))
    started_s = time.monotonic()
    with ExitStack() as parts:
        parts.enter_context(fleet)
        run = _Run(settings, fleet, plan, parts)
        everybody = len(PURPOSES) * plan.withdrawals
        run.wait_until(lambda: len(run.watch.last_s) == everybody, "rows of everybody")
        acknowledged_s = run.withdraw(told)
        fleet.wake()
        for _ in run.looks(bound_s):  # they go on publishing: what may still pass, shall
            pass
        run.load.stop()
        run.wait_until(lambda: run.is_judged(admin), "all is judged")
        run.wait_until(run.watch.has_read_all, "all output is seen")
    last_s = run.watch.last_s
    return Result(
        late_s=[
            max(max(0.0, last_s[name, p] - acknowledged_s[name, p]) for p in PURPOSES)
            for name in run.people.names
        ],
        bound_s=bound_s,
        bound=plan.bound(bool(fleet.freeze_every_s)),
        seconds=round(time.monotonic() - started_s, 1),
        events=run.load.events,
        replayed_events=run.load.replayed,
        batches_seen=run.watch.batches,
        workers=fleet.count,
        workers_restarted=fleet.restarted,
        workers_frozen=fleet.frozen,
    )
