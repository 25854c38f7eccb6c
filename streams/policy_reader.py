"""Follows the topic `policy`: the same policy for every worker, at the same moment, from one place.

A worker goes by the newest version that follows from the ones before and is signed as it must be. A
version that is not is told and passed over: the one before stays in force. What was in force once
is never gone back to, since the topic forgets nothing and is read from its first record; and while
it cannot be proved that the topic has been read to its end, nothing is judged.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

from confluent_kafka import Message

from events.clock import MS_PER_S, Clock
from events.codec import Codec
from events.errors import PolicyRefused, Reject, ServerMissing
from events.log import log
from events.metrics import POLICY_REFUSED, POLICY_VERSION
from events.policy import Policy
from events.policy_history import History
from events.policy_signature import TrustAnchors
from events.policy_topic import SCHEMA, from_record
from events.settings import Settings
from events.topics import Topic
from streams.proved_reader import ProvedReader

_CHECK_S = 0.05


@dataclass(frozen=True, slots=True)
class InForce:
    """``policy`` was the newest at ``proved_s`` (monotonic), and may be until the next proof."""

    policy: Policy
    proved_s: float


@dataclass(slots=True)
class PolicyReader:
    """Keeps the policy in force current from a thread of its own."""

    settings: Settings
    codec: Codec
    anchors: TrustAnchors
    clock: Clock
    history: History = field(init=False)
    refusals: list[PolicyRefused] = field(default_factory=list)  # since the newest version
    _in_force: InForce | None = None
    _first_proof: threading.Event = field(default_factory=threading.Event)
    _reader: ProvedReader = field(init=False)

    def __post_init__(self) -> None:
        self.history = History(self.anchors)
        self._reader = ProvedReader(
            self.settings, Topic.POLICY, self.clock, self._take, self._proved
        )

    def start(self) -> Policy:
        """Read the topic to its end, and go on reading; the policy in force.

        Raises ``PolicyRefused`` where there is none, with what is wrong with those that there are
        and who has not signed; ``ServerMissing`` after ``server_timeout_s``.
        """
        self.read()
        if self.history.newest is None:
            self.stop()
            raise PolicyRefused(
                f"topic {Topic.POLICY.value}",
                [
                    "no policy is in force: sign one and run `glasshouse policy publish`",
                    *(f"{one.where}: {fault}" for one in self.refusals for fault in one.faults),
                ],
            )
        return self.history.newest.policy

    def read(self) -> History:
        """Read the topic to its end, and go on reading. ``ServerMissing`` as above."""
        self._reader.start()
        if not self._first_proof.wait(self.settings.server_timeout_s):
            self.stop()
            raise ServerMissing(self._not_proved())
        return self.history

    def stop(self) -> None:
        """End the thread."""
        self._reader.stop()

    async def current(self) -> InForce:
        """The policy in force, once its last proof is younger than ``ledger_max_age_ms``.
        ``ServerMissing`` if that takes ``server_timeout_s``."""
        asked_s = self.clock.monotonic_s()
        while True:
            found, now_s = self._in_force, self.clock.monotonic_s()
            if found and (now_s - found.proved_s) * MS_PER_S <= self.settings.ledger_max_age_ms:
                return found
            if now_s - asked_s > self.settings.server_timeout_s:
                raise ServerMissing(self._not_proved())
            await asyncio.sleep(_CHECK_S)

    def _not_proved(self) -> str:
        return (
            f"the policy could not be proved current for {self.settings.server_timeout_s:g} s; "
            "nothing was passed on meanwhile. Check that Kafka answers and that the topic "
            f"`{Topic.POLICY.value}` exists (last trouble: {self._reader.trouble})."
        )

    def _proved(self, asked_s: float) -> None:
        newest = self.history.newest
        self._in_force = InForce(newest.policy, asked_s) if newest else None
        self._first_proof.set()

    def _take(self, message: Message) -> None:
        """``Retry`` where a schema registry is away; nothing is taken then."""
        try:
            signed = from_record(self.codec.decode(SCHEMA, message.value()))
            if self.history.holds(signed):
                # An older one is passed over: it does not hide that another was refused.
                if self.history.next_version == signed.version + 1:
                    self._agreed()
                return
            self.history = self.history.followed_by(signed)
        except Reject as refusal:
            self._refused(
                PolicyRefused(f"record {message.offset()}", [refusal.reason.value]), message
            )
        except PolicyRefused as refused:
            self._refused(refused, message)
        else:
            self._agreed()
            self._tell()

    def _agreed(self) -> None:
        self.refusals.clear()
        POLICY_REFUSED.set(0)

    def _tell(self) -> None:
        newest = self.history.newest
        assert newest
        POLICY_VERSION.set(newest.policy.version)
        log.info(
            "policy in force",
            version=newest.policy.version,
            policy=newest.policy.sha256[:12],
            step=newest.step.value,
            signed_by=", ".join(newest.signers),
        )

    def _refused(self, refusal: PolicyRefused, message: Message) -> None:
        self.refusals.append(refusal)
        POLICY_REFUSED.set(len(self.refusals))
        newest = self.history.newest
        log.error(
            "policy refused, the one before stays in force",
            version=newest.policy.version if newest else None,
            offset=message.offset(),
            reason=str(refusal),
        )
