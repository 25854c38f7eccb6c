"""Keeps every worker's ledger current with the consent topic."""

from __future__ import annotations

from dataclasses import dataclass, field

from events.consent import SCHEMA, from_record, key_parts
from events.errors import Reject
from events.log import log
from events.metrics import LEDGER_AGE_SECONDS, LEDGER_RECORDS
from events.topics import Topic
from streams.ledger import Ledger
from streams.topic_reader import TopicReader


@dataclass(slots=True)
class LedgerReader(TopicReader):
    """Keeps ``ledger`` current; ``current`` waits until it is."""

    topic: Topic = field(default=Topic.CONSENT, init=False)
    ledger: Ledger = field(default_factory=Ledger)

    def start(self) -> None:
        LEDGER_AGE_SECONDS.set_function(self.age_s)
        # (A dataclass with slots is another class than the one that super() without names means.)
        TopicReader.start(self)

    async def current(self) -> Ledger:
        """The ledger, once it is current. ``ServerMissing`` if that takes too long."""
        await self.wait_until_current()
        return self.ledger

    def _apply(self, offset: int, key: bytes | None, value: bytes | None) -> None:
        try:
            self.ledger.apply(from_record(self.codec.decode(SCHEMA, value)))
            LEDGER_RECORDS.inc()
        except Reject as refusal:
            # Compaction keeps this record in the place of the one before it under its key, so a
            # ledger that is read anew never sees that one: it must not count here either.
            parts = key_parts(key)
            if parts and value is None:
                self.ledger.forget(*parts)
            else:
                if parts:
                    self.ledger.doubt(*parts)
                log.warning("consent record refused", offset=offset, reason=refusal.reason.value)
