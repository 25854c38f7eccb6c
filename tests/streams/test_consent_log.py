"""The consent log: every record, nobody's name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from events.codec import Codec
from events.consent import SCHEMA, ConsentRecord, to_record
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import GOVERNANCE, PURPOSES
from events.topics import Topic
from streams.consent_log import consent_log
from streams.decode import RawMessage
from streams.emit import Source
from streams.pipeline import Rules
from streams.pseudonymise import subject_id
from tests.strategies import EPOCH_STARTS_MS, NOW_MS, SUBJECTS, consent_records, ring
from tests.streams.read_back import read

KEYS = ring(*EPOCH_STARTS_MS)
RULES = Rules(Codec(), load_policy(BUNDLED_POLICY), KEYS)
SOURCE = Source(Topic.CONSENT, "id", 0, "f" * 64)


def message(offset: int, consent: ConsentRecord | None) -> RawMessage:
    value = Codec().encode(SCHEMA, to_record(consent)) if consent else b"canary-broken"
    return RawMessage(offset, NOW_MS + offset, value)


@given(said=st.lists(consent_records() | st.none(), max_size=8))
def test_every_record_is_in_the_log_and_every_broken_one_in_the_dead_letters(
    said: list[ConsentRecord | None],
) -> None:
    emissions = consent_log([message(at, word) for at, word in enumerate(said)], SOURCE, RULES)
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
        assert columns["pseudonym"].tolist() == [subject_id(key, word.subject) for _, word in sound]
        assert record["purpose"] == [word.purpose.value for _, word in sound]
        assert record["action"] == [word.action.value for _, word in sound]
        assert record["notice_version"] == [word.notice_version for _, word in sound]
    if broken:
        record, columns = found[Topic.DEAD_LETTERS]
        assert record["topic"] == "consent"
        assert columns["offset"].tolist() == broken
        assert columns["message_time_ms"].tolist() == [NOW_MS + at for at in broken]


@given(said=st.lists(consent_records(), min_size=1, max_size=8))
def test_the_log_names_nobody_and_joins_with_no_purpose(said: list[ConsentRecord]) -> None:
    (emission,) = consent_log([message(at, word) for at, word in enumerate(said)], SOURCE, RULES)
    assert b"canary" not in emission.value
    theirs = {
        subject_id(epoch.keys[purpose], subject)
        for epoch in KEYS.epochs
        for purpose in PURPOSES
        for subject in SUBJECTS
    }
    assert not theirs & set(read(emission)[1]["pseudonym"].tolist())
