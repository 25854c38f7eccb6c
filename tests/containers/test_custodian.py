"""Whoever acts for one person needs no right in Kafka but those declared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Producer

from deploy.dead_letters.held import held_by_kafka
from deploy.subject.export.messages import raw
from deploy.subject.export.said import consent
from deploy.subject.person import persons
from deploy.subject.raw_topic import raw_messages
from events.consent import ConsentAction
from events.errors import Stop
from events.kafka import client_config, create_topics
from events.topics import Topic
from producers.connect import connect
from streams.keys import load_ring, new_ring, save_keys
from tests.containers.secured_kafka import Secured
from tests.deploy.subject.made import ANNA, BJORN, case_of, records, unseen
from tests.kit.consent import messages_of
from tests.kit.secrets import give_secrets
from tests.strategies import SEALING, encoded, fixed_id, sound_batch, word

pytestmark = [pytest.mark.service, pytest.mark.containers]


def send(secured: Secured, user: str, topic: Topic, *messages: tuple[bytes, bytes | None]) -> None:
    producer = Producer(client_config(secured.acting_as(user).settings))
    for key, value in messages:
        producer.produce(topic.value, value, key, 0)
    assert producer.flush(30) == 0


def test_the_custodian_reads_all_that_an_export_takes_and_the_operator_does_not(
    secured: Secured, tmp_path: Path
) -> None:
    administrator = secured.acting_as("admin")
    create_topics(administrator.admin, administrator.settings)
    save_keys(replace(new_ring(), sealing=SEALING), tmp_path / "keys.json")
    give_secrets(secured.acting_as("registrar").settings, [ANNA], SEALING)
    said = messages_of([word(ConsentAction.ACKNOWLEDGE, ANNA), word(ConsentAction.GRANT, ANNA)])
    send(secured, "registrar", Topic.CONSENT, *said)
    batches = [
        sound_batch(subject=subject, batch_id=fixed_id("custodian", number))
        for number, subject in enumerate((ANNA, BJORN, ANNA))
    ]
    send(secured, "producer", Topic.RAW, *((b"key", encoded(batch)) for batch in batches))

    settings = secured.settings_of("custodian", key_file=tmp_path / "keys.json")
    connect(settings, Topic.CONSENT, Topic.SECRETS, Topic.RAW)
    ring = load_ring(settings)
    (anna,) = persons([ANNA], settings, ring)
    assert anna.secret is not None
    held = held_by_kafka(settings, [Topic.RAW])[Topic.RAW.value]
    case = case_of(None, anna, settings=settings, ring=ring, raw=held)
    assert [each["action"] for each in records(consent(case, unseen))] == ["acknowledge", "grant"]
    ids = [batches[0].header.batch_id.hex(), batches[2].header.batch_id.hex()]
    assert [each["batch_id"] for each in records(raw(case, unseen))][-2:] == ids

    operator = secured.settings_of("operator")
    with pytest.raises(Stop, match="act as `custodian`"):
        list(raw_messages(operator, [0]))
