"""Keeps every worker's ledger current with the consent topic."""

from __future__ import annotations

from dataclasses import dataclass, field

from events.consent_message import heard
from events.log import log
from events.metrics import (
    LEDGER_AGE_SECONDS,
    LEDGER_BROKEN_RECORDS,
    LEDGER_DOUBTFUL_CHAINS,
    LEDGER_RECORDS,
)
from events.topics import Topic
from streams.ledger import Ledger
from streams.topic_reader import TopicReader


@dataclass(slots=True, kw_only=True)
class LedgerReader(TopicReader):
    """Keeps ``ledger`` current; ``current`` waits until it is. ``digest_key`` is only for records
    of the first version, which have names: of all others nothing is opened or hashed for it."""

    digest_key: bytes = field(repr=False)
    topic: Topic = field(default=Topic.CONSENT, init=False)
    ledger: Ledger = field(default_factory=Ledger)

    def start(self) -> None:
        LEDGER_AGE_SECONDS.set_function(self.age_s)
        LEDGER_DOUBTFUL_CHAINS.set_function(lambda: self.ledger.doubtful)
        # (A dataclass with slots is another class than the one that super() without names means.)
        TopicReader.start(self)

    async def current(self) -> Ledger:
        """The ledger, once it is current. ``ServerMissing`` if that takes too long."""
        await self.wait_until_current()
        return self.ledger

    def _apply(self, offset: int, key: bytes | None, value: bytes | None) -> None:
        """A record that breaks its chain is never left out: it may be a no, or hide one."""
        found = heard(key, value, self.codec, self.digest_key)
        if found and found.entry is None:
            self.ledger.forget(found.person, found.purpose, found.name)
            return
        LEDGER_RECORDS.inc()
        if not (found and found.entry and self.ledger.take(*found[:2], found.entry)):
            LEDGER_BROKEN_RECORDS.inc()
            log.warning("consent record does not follow, or is not sound", offset=offset)
