"""The product's own steps in one process: no Kafka, no Faust, no ClickHouse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from events.codec import Codec
from events.consent_chain import entry_of
from events.policy import Policy
from events.purposes import PURPOSES
from events.sealing import digest
from events.subject_secret import new_secret, to_record
from events.topics import Topic
from producers.consent_pen import Pen
from producers.consents import enrolment
from streams.decode import RawMessage
from streams.emit import Emission, Source, emit
from streams.key_ring import KeyRing
from streams.ledger import Ledger
from streams.pipeline import Rules, process
from streams.secrets import Secrets


@dataclass(frozen=True, slots=True)
class InProcess:
    """Everybody in ``ledger`` has agreed to both purposes."""

    rules: Rules
    ledger: Ledger
    secrets: Secrets

    def emissions(self, messages: Sequence[RawMessage], now_ms: int) -> Iterator[Emission]:
        """What a worker makes of one take of ``messages``."""
        policy = self.rules.policy
        source = Source(Topic.RAW, "benchmark", 0, policy.sha256)
        outcome = process(messages, self.rules, self.ledger, self.secrets, now_ms)
        yield from emit(outcome, source, policy.lateness_ms, {}, self.rules.codec)


def in_process(subjects: Iterable[str], policy: Policy, ring: KeyRing, at_ms: int) -> InProcess:
    """Steps for whom ``subjects`` have agreed to everything, at ``at_ms``."""
    ledger, people = Ledger(), tuple(subjects)
    pen = Pen(ring.sealing.digest_key)
    for record in pen.write_all(enrolment(people, PURPOSES, at_ms, policy)):
        ledger.take(record.person, record.word.purpose, entry_of(record))
    secrets = Secrets()
    for subject in people:
        name = digest(ring.sealing.digest_key, subject)
        sealed = to_record(new_secret(from_ms=0), name, ring.sealing.public)
        secrets.apply(name, sealed["sealed_secret"])
    return InProcess(Rules(Codec(), policy, ring), ledger, secrets)
