"""Security measures (GDPR Art. 32), as they are configured here."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.pack.blocks import Block, Bullets, Grid, Heading, Text
from deploy.pack.facts import Facts
from events.kafka import least_in_sync
from events.settings import Settings


def measures(facts: Facts) -> Iterator[Block]:
    """(a) to (d) of Art. 32(1), in their order."""
    settings = facts.settings
    yield Heading(2, "Security measures (GDPR Art. 32)")
    yield Heading(3, "Pseudonyms and encryption (Art. 32(1)(a))")
    yield Bullets(
        [
            "person, session and batch are keyed BLAKE2b hashes, under a key for each purpose and "
            "one for the books",
            _keys(facts),
            f"Kafka is spoken to over TLS: {_yes(settings.kafka_tls)}",
            f"Kafka asks its clients who they are: {_yes(bool(settings.kafka_user))}",
            f"ClickHouse: {_clickhouse(settings)}",
        ]
    )
    yield Heading(3, "Confidentiality, integrity, availability (Art. 32(1)(b))")
    yield Grid("Roles in ClickHouse; all else is denied", ("role", "may"), facts.roles)
    yield Grid(
        "Rights in Kafka; all else is denied",
        ("user", "may"),
        [
            (user, "; ".join(str(each) for each in facts.kafka_rights if each.principal == user))
            for user in sorted({each.principal for each in facts.kafka_rights})
        ],
    )
    replicas = settings.kafka_replicas
    yield Bullets(
        [
            "every event is accounted for, and the accounting is hash-chained",
            "reads of personal data and administrative acts are recorded before they are done, "
            "in a hash-chained log; what cannot be recorded is not done",
            f"Kafka keeps {replicas} replica(s) of each message; {least_in_sync(replicas)} must "
            "have it before it is acknowledged",
        ]
    )
    yield Heading(3, "Restoring (Art. 32(1)(c))")
    yield Text(
        "`deploy/backup.sh` saves and restores every volume with its checksums. What was lost in "
        "ClickHouse is loaded again from Kafka while that keeps it."
    )
    yield Heading(3, "Testing (Art. 32(1)(d))")
    yield Bullets(
        [
            "`glasshouse reconcile` proves that every event is accounted for",
            "`glasshouse audit verify` finds whether the books or the audit log were changed",
            "`glasshouse doctor` compares rights, retention and partitions with what is declared",
            f"migrations of this version: {', '.join(facts.migrations)}",
        ]
    )


def _keys(facts: Facts) -> str:
    if facts.epochs is None:
        return "keys: no key file is on this machine"
    epochs = ", ".join(f"{number} from {start}" for number, start in facts.epochs)
    return f"keys: a file that only its owner may read (0600), with the epochs {epochs}"


def _clickhouse(settings: Settings) -> str:
    if settings.embedded_clickhouse:
        return "embedded in this process, in a folder that only its owner may open (0700)"
    secure = settings.clickhouse_url.startswith("https")
    return f"a server, spoken to over {'TLS' if secure else 'HTTP in the clear'}"


def _yes(answer: bool) -> str:
    return "yes" if answer else "NO"
