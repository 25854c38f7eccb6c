"""The way of the data through the streams, in one function, in the data's order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from events.codec import Codec
from events.policy import Policy
from events.purposes import PURPOSES, Purpose
from streams.account import Account, account, governance_ids
from streams.decide import count_fates, decide
from streams.decode import Broken, RawMessage, decode
from streams.epochs import epochs_of, without_keys
from streams.gate import gate
from streams.inspect import inspect
from streams.key_ring import KeyRing
from streams.ledger import Ledger
from streams.minimise import minimise
from streams.pseudonymise import Pseudonymised, pseudonymise
from streams.window import Partials, window


@dataclass(frozen=True, slots=True)
class Rules:
    """What messages are judged by."""

    codec: Codec
    policy: Policy
    ring: KeyRing

    @property
    def applications(self) -> frozenset[str]:
        return frozenset(self.policy.applications)


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """What some raw messages of one partition led to."""

    training: Pseudonymised
    analytics: Pseudonymised
    partials: Partials
    accounts: tuple[Account, ...]  # one a purpose
    broken: tuple[Broken, ...]
    redriven: tuple[tuple[int, int], ...] = ()  # (offset of a copy, that of its dead letter)


def process(messages: Sequence[RawMessage], rules: Rules, ledger: Ledger, now_ms: int) -> Outcome:
    """Judge, minimise, pseudonymise and window ``messages``; account for every event.

    ``ledger`` must be current and ``now_ms`` is wall time: consent and retention are judged as of
    now. All that names a row (ids, epoch, window) depends on the batch alone. ``Retry`` where the
    key ring does not reach as far as a batch may be dated.
    """
    policy = rules.policy
    batches, broken = decode(messages, rules.codec)
    latest_ms = now_ms + policy.clock_tolerance_ms
    soundness = inspect(batches, latest_ms)
    epochs = epochs_of(batches.headers, rules.ring, latest_ms)
    passed: dict[Purpose, Pseudonymised] = {}
    accounts: list[Account] = []
    for purpose in PURPOSES:
        limits = policy.purposes[purpose]
        consent = gate(batches.headers, purpose, ledger, policy.notice_version)
        standing = without_keys(consent, epochs)
        fates = decide(batches, standing, soundness, limits, now_ms)
        fine = minimise(batches, fates, limits, rules.applications)
        passed[purpose] = pseudonymise(fine, rules.ring, purpose)
        ids = governance_ids(batches, epochs, purpose)
        counts = count_fates(batches, fates)
        seen_ms = int(fine.events.time_ms.max(initial=-1))
        accounts.append(
            account(purpose, batches, broken, ids=ids, counts=counts, latest_ms=seen_ms)
        )
    analytics = passed[Purpose.TEAM_ANALYTICS]
    return Outcome(
        training=passed[Purpose.AGENT_TRAINING],
        analytics=analytics,
        partials=window(analytics.events),
        accounts=tuple(accounts),
        broken=broken,
        redriven=tuple(
            (message.offset, message.redriven_from)
            for message in messages
            if message.redriven_from is not None
        ),
    )
