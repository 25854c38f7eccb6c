"""Keeps every worker's knowledge of people's secrets current."""

from __future__ import annotations

from dataclasses import dataclass, field

from events.errors import Reject
from events.log import log
from events.subject_secret import SCHEMA
from events.topics import Topic
from streams.secrets import Secrets
from streams.topic_reader import TopicReader


@dataclass(slots=True, kw_only=True)
class SecretsReader(TopicReader):
    """Keeps ``secrets`` current; ``current`` waits until they are."""

    secrets: Secrets
    topic: Topic = field(default=Topic.SECRETS, init=False)

    async def current(self) -> Secrets:
        """The secrets, once they are current. ``ServerMissing`` if that takes too long."""
        await self.wait_until_current()
        return self.secrets

    def _apply(self, offset: int, key: bytes | None, value: bytes | None) -> None:
        name = key or b""
        try:
            if value is None:
                self.secrets.forget(name)
            else:
                self.secrets.apply(name, self.codec.decode(SCHEMA, value)["sealed_secret"])
        except Reject as refusal:
            # It has taken the place of the record before it: there is no secret any more.
            self.secrets.forget(name)
            log.warning("secret refused", offset=offset, reason=refusal.reason.value)
