"""What people say becomes words, and words become records at the ends of chains."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.codec import Codec
from events.compacted import last_values
from events.consent import TO_TERMS, Actor, ActorRole, ConsentAction, is_sound
from events.consent_key import keys_of
from events.consent_record import from_record, to_record
from events.errors import InputError
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import PURPOSES, Purpose
from events.settings import Settings
from events.topics import Topic
from producers.consent_pen import Pen
from producers.consent_topic import Spoken, read_said
from producers.consents import Writer, actor_of, enrolment, words
from producers.publisher import Publisher
from tests.kit.consent import DIGEST_KEY, person
from tests.kit.consent import record as record_of
from tests.strategies import TERMS, word

POLICY = load_policy(BUNDLED_POLICY)
TRAINING = Purpose.AGENT_TRAINING


def test_one_word_is_made_for_each_person_and_purpose() -> None:
    made = words(["a", "b", "a"], PURPOSES, ConsentAction.PAUSE, 7)
    assert [(one.subject, one.purpose) for one in made] == [
        (subject, purpose) for subject in "ab" for purpose in PURPOSES
    ]


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=32),
    st.sampled_from(PURPOSES),
    st.sampled_from(ConsentAction),
)
@settings(deadline=None)
def test_every_word_made_is_one_the_ledger_takes(
    subject: str, purpose: Purpose, action: ConsentAction
) -> None:
    (made,) = words([subject], [purpose], action, 7, POLICY)
    assert is_sound(made)
    record = Pen(DIGEST_KEY).write(made)
    assert from_record(to_record(record), DIGEST_KEY) == record
    assert (record.person, record.word.subject) == (person(subject), "")


@pytest.mark.parametrize("subject", ["", "x" * 129, "\udcff"])
def test_who_cannot_be_a_subject_is_refused_by_place_not_by_name(subject: str) -> None:
    with pytest.raises(InputError, match="subject 2 of 2"):
        words(["someone", subject], PURPOSES, ConsentAction.PAUSE, 0)


@pytest.mark.parametrize("action", ConsentAction)
def test_only_what_agrees_to_terms_needs_a_policy(action: ConsentAction) -> None:
    if action not in TO_TERMS:
        assert words(["someone"], PURPOSES, action, 0)[0].terms is None
        return
    assert words(["someone"], PURPOSES, action, 0, POLICY)[0].terms == TERMS
    limits = POLICY.purposes[TRAINING].model_copy(update={"dpia": " "})
    blank = POLICY.model_copy(update={"purposes": {**POLICY.purposes, TRAINING: limits}})
    with pytest.raises(InputError, match="registers no lawful basis"):
        words(["someone"], [TRAINING], action, 0, blank)


def test_who_is_enrolled_has_seen_the_notice_before_agreeing() -> None:
    made = enrolment(["someone"], PURPOSES, 7, POLICY)
    assert [one.action for one in made if one.purpose is TRAINING] == [
        ConsentAction.ACKNOWLEDGE,
        ConsentAction.GRANT,
    ]


def test_who_writes_is_a_role_and_an_opaque_id() -> None:
    assert actor_of("subject") == Actor(ActorRole.SUBJECT, "")
    assert actor_of("operator:7f3c9a") == Actor(ActorRole.OPERATOR, "7f3c9a")
    with pytest.raises(InputError, match="role"):
        actor_of("manager:1")


@pytest.mark.parametrize(
    "actor", ["operator", "operator:", "operator:J. Doe", "operator:jdoe", "subject:1"]
)
def test_a_name_is_no_opaque_id(actor: str) -> None:
    with pytest.raises(InputError, match="--actor"):
        Writer(actor_of(actor))


def test_a_law_that_is_no_code_is_refused() -> None:
    with pytest.raises(InputError, match="--jurisdiction"):
        Writer(jurisdiction="Germany")


def test_a_pen_writes_each_chain_on_from_its_own_end() -> None:
    pen = Pen(DIGEST_KEY)
    said = [
        word(ConsentAction.ACKNOWLEDGE, "a"),
        word(ConsentAction.PAUSE, "b"),
        word(ConsentAction.GRANT, "a"),
        word(ConsentAction.PAUSE, "a", Purpose.TEAM_ANALYTICS),
    ]
    records = pen.write_all(said)
    assert [record.number for record in records] == [0, 0, 1, 0]
    assert [record.previous for record in records] == [b"", b"", records[0].name, b""]
    assert len({record.salt for record in records}) == len(records)


def heard(settings: Settings, subject: str) -> Spoken:
    who = person(subject)
    return read_said([who], DIGEST_KEY, settings, Codec())[who, TRAINING]


def actions(spoken: Spoken) -> list[ConsentAction | None]:
    return [record.word.action if record else None for record in spoken.records]


@pytest.mark.service
def test_words_are_written_behind_what_the_topic_holds_of_their_person(
    own_kafka: Settings,
) -> None:
    assert heard(own_kafka, "someone").records == []
    for said in (
        [word(ConsentAction.ACKNOWLEDGE, "someone"), word(ConsentAction.PAUSE, "another")],
        [word(ConsentAction.GRANT, "someone")],
        [word(ConsentAction.WITHDRAW, "someone", Purpose.TEAM_ANALYTICS)],
        [word(ConsentAction.OBJECT, "someone")],
    ):
        with Publisher(own_kafka, Codec()) as publisher:
            assert len(publisher.publish_words(said)) == len(said)
    found = heard(own_kafka, "someone")
    assert actions(found) == [
        ConsentAction.ACKNOWLEDGE,
        ConsentAction.GRANT,
        ConsentAction.OBJECT,
    ]
    assert found.follow() == [True] * 3
    assert actions(heard(own_kafka, "another")) == [ConsentAction.PAUSE]


@pytest.mark.service
def test_a_record_that_cannot_be_read_stands_in_the_chain_and_is_written_behind(
    own_kafka: Settings,
) -> None:
    with Publisher(own_kafka, Codec()) as publisher:
        (granted,) = publisher.publish_words([word(ConsentAction.GRANT, "someone")])
        publisher.flush()
        publisher._producer.produce(Topic.CONSENT.value, b"broken", granted.key)
    assert heard(own_kafka, "someone").records == [None]
    with Publisher(own_kafka, Codec()) as publisher:
        publisher.publish_words([word(ConsentAction.WITHDRAW, "someone")])
    assert heard(own_kafka, "someone").follow() == [False, True]


@pytest.mark.service
def test_a_person_is_taken_out_of_the_topic_by_the_digest_and_nobody_else(
    own_kafka: Settings,
) -> None:
    said = [
        word(action, who)
        for who in ("someone", "another")
        for action in (ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT, ConsentAction.PAUSE)
    ]
    with Publisher(own_kafka, Codec()) as publisher:
        publisher.publish_words(said)
        publisher.flush()
        keys = keys_of([person("someone")], last_values(own_kafka, Topic.CONSENT), DIGEST_KEY)
        publisher.take_out(keys)
    assert len(keys) == 3
    assert heard(own_kafka, "someone").records == []
    assert heard(own_kafka, "another").follow() == [True] * 3


@pytest.mark.service
def test_two_who_write_at_one_time_make_a_fork_that_the_next_one_sees(own_kafka: Settings) -> None:
    seen = Pen(DIGEST_KEY).write(word(ConsentAction.ACKNOWLEDGE, "someone"))
    fork = [
        record_of(word(ConsentAction.GRANT, "someone"), 1, seen.name, bytes([at]) * 16)
        for at in range(2)
    ]
    with Publisher(own_kafka, Codec()) as publisher:
        for record in (seen, *fork):
            publisher.publish_consent(record)
    found = heard(own_kafka, "someone")
    assert found.follow() == [True, True, False]
    assert found.chain.standing.doubtful
    with Publisher(own_kafka, Codec()) as publisher:
        agreed = enrolment(["someone"], [TRAINING], 7, POLICY)
        publisher.publish_words([*agreed, word(ConsentAction.RESUME, "someone")])
    healed = heard(own_kafka, "someone")
    assert healed.follow() == [True, True, False, True, True, True]
    assert not healed.chain.standing.doubtful
