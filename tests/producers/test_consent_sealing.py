"""Names are taken out of a topic from before they were sealed, and no no is lost with them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st

from events.codec import Codec
from events.compacted import last_values
from events.consent import ConsentAction
from events.consent_key import named_in
from events.kafka import client_config
from events.outcomes import Withheld
from events.purposes import Purpose
from events.settings import Settings
from events.topics import Topic
from producers.consent_pen import Pen
from producers.consent_sealing import ConsentTopic, noes_of, seal_names
from producers.consent_topic import Spoken
from producers.consents import Writer
from producers.publisher import Publisher
from tests.kit.consent import (
    DIGEST_KEY,
    Message,
    early,
    heard_in,
    ledger_that_read,
    message_of,
    messages_of,
    person,
)
from tests.producers.read_back import everything_on
from tests.strategies import NOW_MS, SUBJECTS, TERMS, word

ANNA, BEN = SUBJECTS[:2]
PURPOSE = Purpose.AGENT_TRAINING
SEEN, GRANT, RESUME = ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT, ConsentAction.RESUME
WITHDRAW, PAUSE = ConsentAction.WITHDRAW, ConsentAction.PAUSE


def verdict(messages: Sequence[Message], subject: str = ANNA) -> Withheld | None:
    return ledger_that_read(messages).objection(person(subject), PURPOSE, TERMS)


def old(*actions: ConsentAction) -> list[Message]:
    """Of the first version; Kafka keeps the last of each key."""
    return [message_of(early(word(action))) for action in actions]


def new(*actions: ConsentAction) -> list[Message]:
    return messages_of([word(action) for action in actions])


def sealed(messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
    """The topic after the noes were written anew, and after the names were taken out."""
    spoken = Spoken()
    for message in messages:
        found = heard_in(message)
        assert found
        spoken.take(found)
    pen = Pen.at_the_end_of({(person(ANNA), PURPOSE): spoken}, DIGEST_KEY)
    noes = [word(action, at_ms=at_ms) for action, at_ms in noes_of(spoken, NOW_MS)]
    written = [*messages, *(message_of(record) for record in pen.write_all(noes))]
    gone = [(key, None) for key in dict(messages) if named_in(key)]
    return written, [*written, *gone]


early_words = st.lists(st.sampled_from([GRANT, WITHDRAW, PAUSE, RESUME]), max_size=4)
later_words = st.lists(st.sampled_from([SEEN, SEEN, GRANT, GRANT, *ConsentAction]), max_size=6)


@given(before=early_words, since=later_words)
def test_an_upgraded_topic_means_the_same_without_its_names(
    before: list[ConsentAction], since: list[ConsentAction]
) -> None:
    messages = [*old(*before), *new(*since)]
    written, clean = sealed(messages)
    for found in (verdict(written), verdict(clean)):
        assert (found is None) == (verdict(messages) is None)
    assert not any(named_in(key) for key, value in dict(clean).items() if value is not None)


@given(data=st.data())
def test_whatever_was_written_in_whatever_order_nothing_passes_that_did_not_before(
    data: st.DataObject,
) -> None:
    pool = [*old(GRANT, WITHDRAW, PAUSE, RESUME), *new(*data.draw(later_words))]
    messages = data.draw(st.lists(st.sampled_from(pool), max_size=8))
    for found in map(verdict, sealed(messages)):
        assert found is not None or verdict(messages) is None


def test_who_had_paused_or_withdrawn_still_has_and_a_grant_of_that_time_is_gone() -> None:
    _, clean = sealed([*old(GRANT, PAUSE), *new(SEEN, GRANT)])
    assert verdict(clean) is Withheld.PAUSED
    _, clean = sealed(old(WITHDRAW))
    assert verdict(clean) is Withheld.WITHDRAWN
    _, clean = sealed(old(GRANT))
    assert verdict(clean) is Withheld.NOT_ENROLLED


def test_what_a_broken_chain_hid_does_not_pass_because_the_name_that_broke_it_is_gone() -> None:
    seen, granted, resumed = new(SEEN, GRANT, RESUME)
    messages = [seen, *old(PAUSE), granted, resumed]
    assert verdict(messages) is Withheld.CHAIN_BROKEN
    assert verdict([seen, granted, resumed]) is None
    assert verdict(sealed(messages)[1]) is Withheld.PAUSED


def write(settings: Settings, messages: Sequence[Message]) -> None:
    producer = Producer(client_config(settings))
    for key, value in messages:
        producer.produce(Topic.CONSENT.value, value, key)
    assert producer.flush(10) == 0


@pytest.mark.service
def test_names_are_taken_out_of_the_topic_and_stopping_half_way_loses_no_no(
    own_kafka: Settings,
) -> None:
    bens = [message_of(early(word(action, BEN))) for action in (WITHDRAW, PAUSE)]
    write(own_kafka, [*old(GRANT, PAUSE), *new(SEEN, GRANT), *bens])
    topic = ConsentTopic(own_kafka, Codec(), DIGEST_KEY)
    for stopped in (True, False, False):
        names = topic.names()
        noes = topic.noes(names, Writer(), NOW_MS)
        with Publisher(own_kafka, Codec()) as publisher:
            if stopped:
                assert (names.records, len(names.keys), len(noes)) == (4, 2, 3)
                publisher.publish_words(noes)
            else:
                seal_names(publisher, names, noes)
                assert not noes
    assert names.records == 0
    kept = last_values(own_kafka, Topic.CONSENT)
    assert len(kept) == 2 + 3
    assert not any(name.encode() in key + value for key, value in kept.items() for name in SUBJECTS)
    messages = everything_on(Topic.CONSENT, own_kafka, partitions=1)
    told = [(each.key() or b"", each.value()) for each in messages]
    assert verdict(told) is Withheld.PAUSED
    assert verdict(told, BEN) is Withheld.WITHDRAWN
