"""The consent ledger is current, knows a withdrawal, and survives compaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka import Message, Producer
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from events.clock import SystemClock
from events.codec import Codec
from events.consent import ConsentAction
from events.consent_key import keys_of
from events.kafka import client_config
from events.outcomes import Withheld
from events.purposes import PURPOSES
from events.sealing import digest
from events.settings import Settings
from events.topics import Topic
from producers.publisher import Publisher
from streams.keys import load_keys
from streams.ledger_reader import LedgerReader
from tests.containers.cluster import Cluster, patiently
from tests.producers.read_back import everything_on
from tests.strategies import SUBJECTS, TERMS, word

pytestmark = pytest.mark.service

PURPOSE = PURPOSES[0]
PEOPLE = SUBJECTS[:2]


def say(cluster: Cluster, action: ConsentAction, *subjects: str) -> None:
    with Publisher(cluster.settings, Codec()) as publisher:
        publisher.publish_words([word(action, subject, PURPOSE) for subject in subjects])


def agree(cluster: Cluster, *subjects: str) -> None:
    for action in (ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT):
        say(cluster, action, *subjects)


@contextmanager
def ledger_of(cluster: Cluster) -> Iterator[LedgerReader]:
    reader = LedgerReader(
        cluster.settings, Codec(), SystemClock(), digest_key=digest_key(cluster.settings)
    )
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
    people = [digest(reader.digest_key, subject) for subject in PEOPLE]
    return [reader.ledger.objection(person, PURPOSE, TERMS) for person in people]


def test_an_empty_ledger_is_current_and_lets_nobody_pass(cluster: Cluster) -> None:
    with ledger_of(cluster) as reader:
        assert objections(reader) == [Withheld.NOT_ENROLLED, Withheld.NOT_ENROLLED]


def test_what_was_said_before_the_start_is_known_when_the_ledger_is_current(
    cluster: Cluster,
) -> None:
    agree(cluster, *PEOPLE)
    with ledger_of(cluster) as reader:
        assert objections(reader) == [None, None]


def test_a_withdrawal_counts_within_the_age_a_ledger_may_have(cluster: Cluster) -> None:
    agree(cluster, *PEOPLE)
    with ledger_of(cluster) as reader:
        assert objections(reader) == [None, None]
        say(cluster, ConsentAction.WITHDRAW, PEOPLE[0])
        time.sleep(cluster.settings.ledger_max_age_ms / 1_000)
        assert objections(reader) == [Withheld.WITHDRAWN, None]


@pytest.mark.containers
def test_kafka_s_compaction_keeps_every_record_until_a_person_is_taken_out(kafka: Cluster) -> None:
    """Every record has a key of its own, so none is ever cleaned away but by an empty message."""
    compact_soon(kafka)
    agree(kafka, *PEOPLE)
    for action in (ConsentAction.PAUSE, ConsentAction.RESUME) * 3:
        say(kafka, action, PEOPLE[1])
    say(kafka, ConsentAction.WITHDRAW, PEOPLE[0])
    assert [len(theirs(kept(kafka), kafka, name)) for name in PEOPLE] == [3, 8]
    gone = theirs(kept(kafka), kafka, PEOPLE[1])
    producer = Producer(client_config(kafka.settings))
    for key in gone:
        producer.produce(Topic.CONSENT.value, None, key)
    assert producer.flush(30) == 0
    for _ in patiently("Kafka removes the records of the one who was taken out"):
        left = [message for message in kept(kafka) if message.value() is not None]
        if not any(message.key() in gone for message in left):
            break
        say(kafka, ConsentAction.WITHDRAW, "another")  # what is being written is never cleaned
        time.sleep(0.03)  # a segment is closed by the first record that comes after its time
    assert [len(theirs(left, kafka, name)) for name in PEOPLE] == [3, 0]
    with ledger_of(kafka) as reader:
        assert objections(reader) == [Withheld.WITHDRAWN, Withheld.NOT_ENROLLED]


def kept(kafka: Cluster) -> list[Message]:
    return everything_on(Topic.CONSENT, kafka.settings, partitions=1)


def digest_key(settings: Settings) -> bytes:
    return load_keys(settings.keys_path).sealing.digest_key


def theirs(messages: Iterable[Message], kafka: Cluster, subject: str) -> list[bytes]:
    """The keys of one person's records."""
    key = digest_key(kafka.settings)
    return keys_of([digest(key, subject)], [each.key() or b"" for each in messages], key)


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
