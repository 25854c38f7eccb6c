"""What people say becomes ledger records, and their last words their standing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.codec import Codec
from events.consent import ConsentAction, ConsentRecord, from_record, to_record
from events.errors import InputError, Stop
from events.purposes import PURPOSES, Purpose
from events.settings import Settings
from events.topics import Topic
from producers.consent_topic import last_words
from producers.consents import keys_of, standings, words
from producers.publisher import Publisher

NOTICE = "2026-11"
TRAINING = (Purpose.AGENT_TRAINING,)


def word(action: ConsentAction, at_ms: int = 0, subject: str = "someone") -> ConsentRecord:
    (record,) = words([subject], TRAINING, action, NOTICE, at_ms)
    return record


def test_one_record_is_made_for_each_person_and_purpose() -> None:
    made = words(["a", "b", "a"], PURPOSES, ConsentAction.GRANT, NOTICE, 7)
    assert [(one.subject, one.purpose) for one in made] == [
        (subject, purpose) for subject in "ab" for purpose in PURPOSES
    ]


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=32),
    st.sampled_from(PURPOSES),
    st.sampled_from(ConsentAction),
)
@settings(deadline=None)
def test_every_record_made_is_one_the_ledger_takes(
    subject: str, purpose: Purpose, action: ConsentAction
) -> None:
    (record,) = words([subject], [purpose], action, NOTICE, 7)
    assert from_record(to_record(record)) == record
    assert record.key in keys_of(subject)


@pytest.mark.parametrize("subject", ["", "x" * 129, "\udcff"])
def test_who_cannot_be_a_subject_is_refused_by_place_not_by_name(subject: str) -> None:
    with pytest.raises(InputError, match="subject 2 of 2"):
        words(["someone", subject], PURPOSES, ConsentAction.PAUSE, "", 0)


@pytest.mark.parametrize("notice", ["", "two words", "x" * 33])
def test_a_grant_needs_a_notice(notice: str) -> None:
    with pytest.raises(InputError, match="--notice"):
        words(["someone"], PURPOSES, ConsentAction.GRANT, notice, 0)


def test_nobody_has_agreed_until_they_say_so() -> None:
    assert [(one.word, one.paused, one.flows(NOTICE)) for one in standings([])] == [
        ("never", False, False)
    ] * len(PURPOSES)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ([ConsentAction.GRANT], ("granted", False, True)),
        ([ConsentAction.WITHDRAW], ("withdrawn", False, False)),
        ([ConsentAction.GRANT, ConsentAction.PAUSE], ("granted", True, False)),
        ([ConsentAction.GRANT, ConsentAction.RESUME], ("granted", False, True)),
        ([ConsentAction.RESUME], ("never", False, False)),
    ],
)
def test_the_standing_is_what_the_last_words_come_to(
    last: list[ConsentAction], expected: tuple[str, bool, bool]
) -> None:
    training, analytics = standings([word(action) for action in last])
    assert (training.word, training.paused, training.flows(NOTICE)) == expected
    assert analytics.word == "never"


def test_a_grant_under_another_notice_lets_nothing_pass() -> None:
    training, _ = standings([word(ConsentAction.GRANT)])
    assert not training.flows("2027-01")
    assert not standings([])[0].flows("")


def said(settings: Settings, *records: ConsentRecord) -> None:
    with Publisher(settings, Codec()) as publisher:
        for record in records:
            publisher.publish_consent(record)


def heard(settings: Settings, subject: str) -> list[ConsentRecord]:
    return last_words(keys_of(subject), settings, Codec())


@pytest.mark.service
def test_the_last_word_of_each_kind_is_read_from_the_topic(own_kafka: Settings) -> None:
    assert heard(own_kafka, "someone") == []
    said(
        own_kafka,
        word(ConsentAction.GRANT, 1),
        word(ConsentAction.PAUSE, 2),
        word(ConsentAction.GRANT, 3, "another"),
        word(ConsentAction.WITHDRAW, 4),
    )
    assert [(one.action, one.at_ms) for one in heard(own_kafka, "someone")] == [
        (ConsentAction.WITHDRAW, 4),
        (ConsentAction.PAUSE, 2),
    ]
    assert [one.at_ms for one in heard(own_kafka, "another")] == [3]


@pytest.mark.service
def test_a_record_of_this_person_that_cannot_be_read_is_an_error_not_a_guess(
    own_kafka: Settings,
) -> None:
    said(own_kafka, word(ConsentAction.GRANT, 1))
    key = word(ConsentAction.GRANT).key
    publisher = Publisher(own_kafka, Codec())
    with publisher:
        publisher._producer.produce(Topic.CONSENT.value, b"broken", key)
    with pytest.raises(Stop, match="undecodable"):
        heard(own_kafka, "someone")
    with publisher:
        publisher._producer.produce(Topic.CONSENT.value, None, key)  # a tombstone takes it back
    assert heard(own_kafka, "someone") == []
