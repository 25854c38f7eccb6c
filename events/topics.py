"""Every topic in one table: name, key, value schema, clean-up and retention.

Output partition = input partition: whatever is derived from partition p of `interactions.raw` goes
to partition p of its output topic, so all data topics have the same number of partitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from events.clock import MS_PER_DAY
from events.purposes import Purpose

#: As Kafka has it.
KEEPS_ALL_MS = -1


@unique
class Topic(StrEnum):
    RAW = "interactions.raw"
    CONSENT = "consent"
    SECRETS = "subject_secrets"
    TRAINING = "interactions.agent_training"
    WINDOWS = "windows.team_analytics"
    ACCOUNTING = "accounting"
    DEAD_LETTERS = "dead_letters"
    CONSENT_LOG = "consent_log"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """``partitioned``: as many partitions as the data has; otherwise exactly one.
    ``retention_ms`` is ``KEEPS_ALL_MS`` where nothing is ever dropped by age or size."""

    topic: Topic
    key: str
    schema: str
    partitioned: bool
    compacted: bool
    retention_ms: int  # ignored where compacted


TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec(Topic.RAW, "random, by session", "interaction_batch", True, False, 7 * MS_PER_DAY),
    # One partition: every worker reads the ledger whole, and one order of records is one truth.
    TopicSpec(Topic.CONSENT, "subject, purpose, hash", "consent_record", False, True, -1),
    # One partition, for the same reason.
    TopicSpec(Topic.SECRETS, "digest of the subject", "subject_secret", False, True, -1),
    TopicSpec(Topic.TRAINING, "none", "training_rows", True, False, 7 * MS_PER_DAY),
    TopicSpec(Topic.WINDOWS, "none", "window_partials", True, False, 7 * MS_PER_DAY),
    TopicSpec(Topic.ACCOUNTING, "none", "accounting", True, False, 30 * MS_PER_DAY),
    TopicSpec(Topic.DEAD_LETTERS, "none", "dead_letters", True, False, 30 * MS_PER_DAY),
    TopicSpec(Topic.CONSENT_LOG, "none", "consent_log", False, False, 30 * MS_PER_DAY),
    # Neither compacted nor ever cut: what the highest version is cannot be made forgotten.
    TopicSpec(Topic.POLICY, "version", "policy_version", False, False, KEEPS_ALL_MS),
)

#: Kafka drops, and compacts, whole segments, and begins a new one after this long, as soon as
#: something is written: so a message lives this much longer than its retention at most, and an
#: answer that was replaced, or erased, is compacted away once the ledger's segment has ended.
SEGMENT_MS = MS_PER_DAY

SPEC: dict[Topic, TopicSpec] = {spec.topic: spec for spec in TOPICS}

#: Where a purpose's data goes: the only topic its rows may ever be sent to.
PURPOSE_TOPIC: dict[Purpose, Topic] = {
    Purpose.AGENT_TRAINING: Topic.TRAINING,
    Purpose.TEAM_ANALYTICS: Topic.WINDOWS,
}
