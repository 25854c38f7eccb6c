"""The consent ledger is current, knows a withdrawal, and survives compaction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from events.clock import SystemClock
from events.codec import Codec
from events.consent import ConsentAction, ConsentRecord
from events.kafka import end_offsets
from events.outcomes import Withheld
from events.purposes import PURPOSES
from events.topics import Topic
from producers.publisher import Publisher
from streams.ledger_reader import LedgerReader
from tests.containers.cluster import Cluster, patiently
from tests.producers.read_back import everything_on
from tests.strategies import NOTICE, SUBJECTS

pytestmark = pytest.mark.service

PURPOSE = PURPOSES[0]
PEOPLE = SUBJECTS[:2]


def say(cluster: Cluster, action: ConsentAction, *subjects: str) -> None:
    notice = NOTICE if action is ConsentAction.GRANT else ""
    with Publisher(cluster.settings, Codec()) as publisher:
        for subject in subjects:
            publisher.publish_consent(ConsentRecord(subject, PURPOSE, action, notice, 1))


@contextmanager
def ledger_of(cluster: Cluster) -> Iterator[LedgerReader]:
    reader = LedgerReader(cluster.settings, Codec(), SystemClock())
    reader.start()
    try:
        yield reader
    finally:
        reader.stop()


def objections(reader: LedgerReader) -> list[Withheld | None]:
    """What speaks against each of PEOPLE, once the ledger is current."""
    for _ in patiently("the ledger is current"):
        if reader.is_current():
            break
    return [reader.ledger.objection(subject, PURPOSE, NOTICE) for subject in PEOPLE]


def test_an_empty_ledger_is_current_and_lets_nobody_pass(cluster: Cluster) -> None:
    with ledger_of(cluster) as reader:
        assert objections(reader) == [Withheld.NOT_ENROLLED, Withheld.NOT_ENROLLED]


def test_what_was_said_before_the_start_is_known_when_the_ledger_is_current(
    cluster: Cluster,
) -> None:
    say(cluster, ConsentAction.GRANT, *PEOPLE)
    with ledger_of(cluster) as reader:
        assert objections(reader) == [None, None]


def test_a_withdrawal_counts_within_the_age_a_ledger_may_have(cluster: Cluster) -> None:
    say(cluster, ConsentAction.GRANT, *PEOPLE)
    with ledger_of(cluster) as reader:
        assert objections(reader) == [None, None]
        say(cluster, ConsentAction.WITHDRAW, PEOPLE[0])
        time.sleep(cluster.settings.ledger_max_age_ms / 1_000)
        assert objections(reader) == [Withheld.WITHDRAWN, None]


@pytest.mark.containers
def test_after_kafka_has_compacted_the_ledger_still_says_the_same(kafka: Cluster) -> None:
    compact_soon(kafka)
    say(kafka, ConsentAction.GRANT, *PEOPLE)
    for action in (ConsentAction.PAUSE, ConsentAction.RESUME) * 20:
        say(kafka, action, PEOPLE[1])
        time.sleep(0.03)  # a segment is closed by the first record that comes after its time
    say(kafka, ConsentAction.WITHDRAW, PEOPLE[0])
    said = end_offsets(kafka.settings, Topic.CONSENT, [0])[0]
    for _ in patiently("Kafka removes records that later ones replace"):
        kept = everything_on(Topic.CONSENT, kafka.settings, partitions=1)
        if len(kept) < said // 2:
            break
        say(kafka, ConsentAction.RESUME, PEOPLE[1])  # what is being written is never cleaned
    last_word = {message.key(): message.offset() for message in kept}
    assert len(last_word) == 3
    with ledger_of(kafka) as reader:
        assert objections(reader) == [Withheld.WITHDRAWN, None]


def compact_soon(kafka: Cluster) -> None:
    """Have Kafka close a segment of the ledger after 20 ms, and clean whatever can be."""
    resource = ConfigResource(
        ResourceType.TOPIC,
        Topic.CONSENT.value,
        incremental_configs=[
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in (
                ("segment.ms", "20"),
                ("min.cleanable.dirty.ratio", "0.01"),
                ("delete.retention.ms", "1"),
            )
        ],
    )
    for altered in kafka.admin.incremental_alter_configs([resource]).values():
        altered.result()
