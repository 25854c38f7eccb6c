"""The way of the data through the streams, in one function, in the data's order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from events.codec import Codec
from events.policy import Policy
from events.purposes import PURPOSES, Purpose
from events.sealing import digest
from events.terms import terms_in_force
from streams.account import Account, account, first_days, governance_ids
from streams.decide import count_fates, decide
from streams.decode import Broken, RawMessage, decode
from streams.epochs import epochs_of, without_keys
from streams.fate import PASSED
from streams.gate import gate
from streams.inspect import inspect
from streams.key_ring import KeyRing
from streams.ledger import Ledger
from streams.minimise import minimise
from streams.pseudonymise import Pseudonymised, pseudonymise
from streams.recognise import recognise
from streams.secrets import Secrets
from streams.window import Partials, window


@dataclass(frozen=True, slots=True)
class Rules:
    """What a take is judged by: it does not change until the take is committed."""

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
    readable: int = 0  # messages whose subject was not sealed
    redriven: tuple[tuple[int, int], ...] = ()  # (offset of a copy, that of its dead letter)


def process(
    messages: Sequence[RawMessage], rules: Rules, ledger: Ledger, secrets: Secrets, now_ms: int
) -> Outcome:
    """Judge, minimise, pseudonymise and window ``messages``; account for every event.

    ``ledger`` and ``secrets`` must be current, and ``now_ms`` is wall time: consent and retention
    are judged as of now. All that names a row (ids, epoch, window) depends on the batch alone, and
    on its person's secret, which never changes while there is one. ``Retry`` where the key ring
    does not reach as far as a batch may be dated.
    """
    policy, ring = rules.policy, rules.ring
    batches, broken = decode(messages, rules.codec, ring.sealing.opener)
    people = [digest(ring.sealing.digest_key, header.subject) for header in batches.headers]
    known = secrets.known((header.subject for header in batches.headers), ring.sealing)
    latest_ms = now_ms + policy.clock_tolerance_ms
    soundness = inspect(batches, latest_ms)
    epochs = epochs_of(batches.headers, ring, latest_ms)
    passed: dict[Purpose, Pseudonymised] = {}
    accounts: list[Account] = []
    for purpose in PURPOSES:
        limits = policy.purposes[purpose]
        consent = gate(people, purpose, ledger, terms_in_force(policy, purpose))
        consent = recognise(batches.headers, consent, known)
        consent = without_keys(consent, epochs)
        fates = decide(batches, consent, soundness, limits, now_ms)
        fine = minimise(batches, fates, limits, rules.applications)
        passed[purpose] = pseudonymise(fine, rules.ring, purpose, known)
        ids = governance_ids(batches, epochs, purpose)
        counts = count_fates(batches, fates)
        days = first_days(fine.events, counts[:, PASSED])
        seen_ms = int(fine.events.time_ms.max(initial=-1))
        accounts.append(
            account(purpose, batches, broken, ids=ids, counts=counts, days=days, latest_ms=seen_ms)
        )
    analytics = passed[Purpose.TEAM_ANALYTICS]
    return Outcome(
        training=passed[Purpose.AGENT_TRAINING],
        analytics=analytics,
        partials=window(analytics.read).in_order(analytics.order),
        accounts=tuple(accounts),
        broken=broken,
        readable=sum(not header.sealed_subject for header in batches.headers),
        redriven=tuple(
            (message.offset, message.redriven_from)
            for message in messages
            if message.redriven_from is not None
        ),
    )
