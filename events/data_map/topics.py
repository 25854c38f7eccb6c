"""Kafka's topics. Retention is said once, in ``events.topics``."""

from __future__ import annotations

from events.clock import MS_PER_DAY
from events.data_map.store import Erasure, Kind, Person, Retention, Store
from events.purposes import GOVERNANCE, Purpose
from events.topics import KEEPS_ALL_MS, SPEC, Topic

_TRANSIT = "long enough for workers and loaders to be away for a weekend, and no longer"
_BOOKS = "long enough to load the books anew into a ClickHouse that was lost"


def _topic(
    topic: Topic,
    holds: str,
    person: Person,
    purpose: str,
    *,
    reason: str,
    erasure: Erasure,
    readers: tuple[str, ...],
) -> Store:
    spec = SPEC[topic]
    has_no_end = spec.compacted or spec.retention_ms == KEEPS_ALL_MS
    days = None if has_no_end else spec.retention_ms // MS_PER_DAY
    retention = Retention(reason, days)
    return Store(Kind.TOPIC, topic.value, holds, (person,), purpose, retention, erasure, readers)


TOPICS: tuple[Store, ...] = (
    _topic(
        Topic.RAW,
        "every batch as a producer made it: sealed person, team, session, application, times, "
        "pointer paths, classes of keys",
        Person.SEALED,
        "every purpose",
        reason=_TRANSIT,
        erasure=Erasure.EXPIRE,
        readers=("custodian", "redriver", "worker"),
    ),
    _topic(
        Topic.CONSENT,
        "every word of each person about each purpose, under a keyed digest of the name",
        Person.SEALED,
        GOVERNANCE,
        reason="compacted: a grant that is forgotten is no grant, nor a withdrawal a withdrawal",
        erasure=Erasure.TOMBSTONE,
        readers=("custodian", "registrar", "worker"),
    ),
    _topic(
        Topic.SECRETS,
        "a random secret of each person, sealed, on which the pseudonyms hang",
        Person.SEALED,
        "every purpose",
        reason="compacted: without the secret nothing of a person passes, or can be found again",
        erasure=Erasure.TOMBSTONE,
        readers=("custodian", "registrar", "worker"),
    ),
    _topic(
        Topic.POLICY,
        "every version of the policy with what both sides signed",
        Person.NOBODY,
        "every purpose",
        reason="no end: nobody can go back behind a version that is remembered",
        erasure=Erasure.NONE,
        readers=("operator", "registrar", "worker"),
    ),
    _topic(
        Topic.TRAINING,
        "minimised events on their way into training.interactions",
        Person.PURPOSE,
        Purpose.AGENT_TRAINING.value,
        reason=_TRANSIT,
        erasure=Erasure.EXPIRE,
        readers=("loader",),
    ),
    _topic(
        Topic.WINDOWS,
        "counts of a minute on their way into analytics.window_partials",
        Person.PURPOSE,
        Purpose.TEAM_ANALYTICS.value,
        reason=_TRANSIT,
        erasure=Erasure.EXPIRE,
        readers=("loader",),
    ),
    _topic(
        Topic.ACCOUNTING,
        "what became of every message, by reason; batch ids under the governance key",
        Person.COORDINATES,
        GOVERNANCE,
        reason=_BOOKS,
        erasure=Erasure.KEY,
        readers=("loader",),
    ),
    _topic(
        Topic.DEAD_LETTERS,
        "coordinates of refused messages, and why",
        Person.COORDINATES,
        GOVERNANCE,
        reason=_BOOKS,
        erasure=Erasure.EXPIRE,
        readers=("loader",),
    ),
    _topic(
        Topic.CONSENT_LOG,
        "every word about consent, on its way into governance.consent_log",
        Person.GOVERNANCE,
        GOVERNANCE,
        reason=_BOOKS,
        erasure=Erasure.EXPIRE,
        readers=("loader",),
    ),
)
