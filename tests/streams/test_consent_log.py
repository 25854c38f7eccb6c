"""The consent log: every record, nobody's name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from events.codec import Codec
from events.consent import Actor, ActorRole, ConsentAction, Terms, Word
from events.consent_hash import record_hash
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import GOVERNANCE, PURPOSES, Purpose
from events.topics import Topic
from streams.consent_log import consent_log
from streams.decode import RawMessage
from streams.emit import Source
from streams.pipeline import Rules
from streams.pseudonymise import subject_id
from tests.kit.consent import chained, early, message_of, person
from tests.strategies import EPOCH_STARTS_MS, NOW_MS, SUBJECTS, ring, word, words
from tests.streams.read_back import read

KEYS = ring(*EPOCH_STARTS_MS)
RULES = Rules(Codec(), load_policy(BUNDLED_POLICY), KEYS)
SOURCE = Source(Topic.CONSENT, "id", 0, "f" * 64)


def messages(said: list[Word | None]) -> list[RawMessage]:
    """The records of words in the topic's order; None: something that cannot be read."""
    records = iter(chained([word for word in said if word]))
    values = [message_of(next(records))[1] if word else b"canary-broken" for word in said]
    return [RawMessage(at, NOW_MS + at, value) for at, value in enumerate(values)]


@given(said=st.lists(words() | st.none(), max_size=8))
def test_every_record_is_in_the_log_and_every_broken_one_in_the_dead_letters(
    said: list[Word | None],
) -> None:
    emissions = consent_log(messages(said), SOURCE, RULES)
    found = {emission.topic: read(emission) for emission in emissions}
    sound = [(at, word) for at, word in enumerate(said) if word is not None]
    broken = [at for at, word in enumerate(said) if word is None]
    assert found.keys() == {
        topic
        for topic, there in ((Topic.CONSENT_LOG, sound), (Topic.DEAD_LETTERS, broken))
        if there
    }
    if sound:
        record, columns = found[Topic.CONSENT_LOG]
        key = KEYS.epochs[-1].keys[GOVERNANCE]
        assert columns["offset"].tolist() == [at for at, _ in sound]
        assert columns["at_ms"].tolist() == [word.at_ms for _, word in sound]
        names = [subject_id(key, person(word.subject)) for _, word in sound]
        assert columns["pseudonym"].tolist() == names
        assert record["purpose"] == [word.purpose.value for _, word in sound]
        assert record["action"] == [word.action.value for _, word in sound]
        told = [word.terms or Terms("", b"", "") for _, word in sound]
        assert record["notice_version"] == [terms.notice_version for terms in told]
        assert record["lawful_basis"] == [terms.lawful_basis for terms in told]
    if broken:
        record, columns = found[Topic.DEAD_LETTERS]
        assert record["topic"] == "consent"
        assert columns["offset"].tolist() == broken
        assert columns["message_time_ms"].tolist() == [NOW_MS + at for at in broken]


@given(said=st.lists(words(), min_size=1, max_size=8))
def test_the_chain_can_be_checked_in_the_log_without_knowing_anybody(said: list[Word]) -> None:
    (emission,) = consent_log(messages([*said]), SOURCE, RULES)
    record, columns = read(emission)
    for at in range(len(said)):
        found = {name: values[at] for name, values in record.items() if isinstance(values, list)}
        terms = (found["notice_version"], bytes.fromhex(found["notice_sha256"]))
        word = Word(
            subject="",
            purpose=Purpose(found["purpose"]),
            action=ConsentAction(found["action"]),
            at_ms=int(columns["at_ms"][at]),
            terms=Terms(*terms, found["lawful_basis"]) if terms[0] else None,
            actor=Actor(ActorRole(found["actor_role"]), found["actor_id"]),
            jurisdiction=found["jurisdiction"],
        )
        who, previous = bytes.fromhex(found["who"]), bytes.fromhex(found["previous"])
        assert record_hash(word, who, found["number"], previous).hex() == found["hash"]
        assert not previous or found["previous"] in record["hash"][:at]


def test_a_record_that_was_taken_out_of_the_topic_is_no_dead_letter() -> None:
    assert consent_log([RawMessage(3, NOW_MS, None)], SOURCE, RULES) == []


def test_a_record_of_the_first_version_is_in_the_log_without_a_chain_and_under_the_same_name() -> (
    None
):
    said = word(ConsentAction.PAUSE)
    values = [message_of(each)[1] for each in (early(said), *chained([said]))]
    (emission,) = consent_log(
        [RawMessage(at, NOW_MS, value) for at, value in enumerate(values)], SOURCE, RULES
    )
    record, columns = read(emission)
    assert (record["number"][0], record["who"][0], record["hash"][0]) == (-1, "", "")
    assert len(set(columns["pseudonym"].tolist())) == 1


@given(said=st.lists(words(), min_size=1, max_size=8))
def test_the_log_names_nobody_and_joins_with_no_purpose(said: list[Word]) -> None:
    (emission,) = consent_log(messages([*said]), SOURCE, RULES)
    assert b"canary" not in emission.value
    theirs = {
        subject_id(epoch.keys[purpose], person(subject))
        for epoch in KEYS.epochs
        for purpose in PURPOSES
        for subject in SUBJECTS
    }
    assert not theirs & set(read(emission)[1]["pseudonym"].tolist())
