"""Every record of the ledger is shown, whether or not the chain holds; of a secret, that it is
there."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer

from deploy.subject.export.said import consent, secret
from events.codec import Codec
from events.consent import ConsentAction
from events.kafka import client_config
from events.purposes import Purpose
from events.settings import Settings
from events.topics import Topic
from tests.deploy.subject.made import ANNA, BJORN, RAW, case_of, person, records, unseen
from tests.kit.consent import chained, message_of
from tests.oracle import secret_of
from tests.strategies import word

ACKNOWLEDGE, GRANT, WITHDRAW = (
    ConsentAction.ACKNOWLEDGE,
    ConsentAction.GRANT,
    ConsentAction.WITHDRAW,
)


@pytest.mark.service
def test_all_that_the_person_said_is_there_also_behind_a_break(kafka: Settings) -> None:
    training = [word(action, ANNA) for action in (ACKNOWLEDGE, GRANT, WITHDRAW)]
    analytics = [word(GRANT, ANNA, Purpose.TEAM_ANALYTICS)]
    others = [word(GRANT, BJORN)]
    producer = Producer(client_config(kafka))
    first, _, last = map(message_of, chained(training))  # the one between was taken out
    rest = [message_of(each) for words in (analytics, others) for each in chained(words)]
    for key, value in (first, last, *rest):
        producer.produce(Topic.CONSENT.value, value, key, 0)
    assert producer.flush(30) == 0
    found = consent(case_of(None, raw=RAW, settings=kafka, codec=Codec()), unseen)
    told = records(found)
    assert [(each["purpose"], each["action"]) for each in told] == [
        ("agent_training", "acknowledge"),
        ("agent_training", "withdraw"),
        ("team_analytics", "grant"),
    ]
    assert [bool(each["fault"]) for each in told] == [False, True, False]
    assert all(len(each["salt"]) == 32 and len(each["hash"]) == 64 for each in told)
    assert "notice" in found.meanings["notice_version"]


def test_without_a_kafka_the_ledger_is_not_looked_at_and_it_is_said() -> None:
    found = consent(case_of(None), unseen)
    assert records(found) == [] and "ledger was not looked at" in found.note


def test_a_secret_is_there_or_not_and_is_never_shown() -> None:
    (told,) = records(secret(case_of(None), unseen))
    assert told["counts_from"] == "1970-01-01T00:00:00.000Z"
    assert secret_of(ANNA).hex() not in str(told)
    forgotten = secret(case_of(None, person(forgotten=True)), unseen)
    assert records(forgotten) == [] and "There is none" in forgotten.note
