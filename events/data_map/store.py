"""What is said of each place where something is kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from events.policy import Policy
from events.purposes import Purpose


@unique
class Kind(StrEnum):
    TOPIC = "topic"
    TABLE = "table"
    VIEW = "view"
    FILE = "file"
    SERVER = "server"  # what Kafka, ClickHouse and Prometheus keep by themselves


@unique
class Person(StrEnum):
    """How a person stands in a store."""

    NAMED = "the employer's identifier"
    SEALED = "the employer's identifier, sealed to the workers' key or as a keyed digest"
    PURPOSE = "a pseudonym under the purpose's key"
    GOVERNANCE = "a pseudonym under the governance key"
    COORDINATES = "message coordinates, which lead to a person while the raw topic has the message"
    OPERATOR = "the user name of whoever acts"
    NOBODY = "nobody"


@unique
class Erasure(StrEnum):
    """How one person is taken out of a store before its retention has ended."""

    DELETE = "rows are deleted by pseudonym, of every epoch"
    TOMBSTONE = "the person's keys get a record without a value, and compaction removes the rest"
    PURGE = "`glasshouse spool purge` removes what is unsent"
    HANDED_OVER = (
        "it is the person's own copy: whoever made it deletes theirs once it is handed over"
    )
    EXPIRE = "not before it expires; a withdrawal keeps it from passing"
    FOLLOWS = "goes with the rows that it is computed from"
    KEY = "unlinkable once the key epoch is destroyed"
    STAYS = "stays, as the proof of what was said or done"
    NONE = "there is nobody to erase"


@dataclass(frozen=True, slots=True)
class Retention:
    """``days``: fixed, or None. ``policy``: the purpose whose ``retention_days`` it is, and
    ``longer_days`` after that. Both None: it has no end of its own, for the ``reason``."""

    reason: str
    days: int | None = None
    policy: Purpose | None = None
    longer_days: int = 0

    def days_under(self, policy: Policy) -> int | None:
        """Days after which it is gone under ``policy``; None: no end of its own."""
        if self.policy is None:
            return self.days
        return policy.purposes[self.policy].retention_days + self.longer_days


@dataclass(frozen=True, slots=True)
class Store:
    """``name`` is the topic's, ``database.table``, or a file's as people know it; ``setting`` is
    the setting that says where a file is. ``holds`` says what is in it in plain words, ``people``
    how a person stands in it. ``readers`` are ClickHouse roles, Kafka users or file owners."""

    kind: Kind
    name: str
    holds: str
    people: tuple[Person, ...]
    purpose: str
    retention: Retention
    erasure: Erasure
    readers: tuple[str, ...]
    setting: str = ""

    @property
    def is_personal(self) -> bool:
        """Whether anybody the data comes from can be found in it, by whatever key."""
        return bool({*self.people} - {Person.NOBODY, Person.OPERATOR})
