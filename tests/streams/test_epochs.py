"""A batch's key epoch is a function of the batch, and without keys there is no row."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.codec import Codec
from events.consent import ConsentAction
from events.errors import InputError, Retry
from events.outcomes import Rejected
from events.policy import Policy
from events.purposes import PURPOSES, Purpose
from events.topics import Topic
from streams.consent_log import consent_log
from streams.decode import RawMessage
from streams.emit import Source
from streams.key_ring import KeyEpoch, KeyRing
from streams.ledger import Ledger
from streams.pipeline import Rules, process
from tests.kit.consent import ledger_of, messages_of
from tests.oracle import World, expect
from tests.strategies import (
    EPOCH_STARTS_MS,
    NOW_MS,
    SUBJECTS,
    Sent,
    encoded,
    everyone_agrees,
    policies,
    ring,
    runs,
    sound_batch,
    word,
)
from tests.streams.around import POLICY
from tests.streams.read_back import read, read_back
from tests.streams.test_pipeline import SECRETS, Words, emitted, epochs_of, histories


def without(keys: KeyRing, *numbers: int) -> KeyRing:
    """``keys`` after these epochs were destroyed."""
    epochs = (
        KeyEpoch(each.epoch, each.from_ms, {}) if each.epoch in numbers else each
        for each in keys.epochs
    )
    return replace(keys, epochs=tuple(epochs))


WHOLE = ring(*EPOCH_STARTS_MS)


@given(run=runs(), said=histories, policy=policies(), gone=st.sampled_from([(1,), (2,), (1, 2)]))
def test_events_of_a_destroyed_epoch_are_rejected_and_counted_and_all_others_are_as_before(
    run: list[Sent], said: Words, policy: Policy, gone: tuple[int, ...]
) -> None:
    keys = without(WHOLE, *gone)
    found = read_back(emitted(run, [range(len(run))], said, policy, keys))
    assert found == expect(run, World(said, policy, epochs_of(keys), NOW_MS))
    before = read_back(emitted(run, [range(len(run))], said, policy, WHOLE))
    left = {name: row for name, row in before.training.items() if row[2] not in gone}
    assert found.training == left
    left = {name: row for name, row in before.partials.items() if row[3] not in gone}
    assert found.partials == left


@given(run=runs(), policy=policies())
def test_after_a_destruction_no_batch_is_named_under_another_epoch(
    run: list[Sent], policy: Policy
) -> None:
    keys = without(WHOLE, 1, 2)
    named = read_back(emitted(run, [range(len(run))], everyone_agrees(), policy, keys)).books
    for (_, offset), (batch, _) in named.items():
        sent = run[offset].batch
        is_old = sent is not None and sent.header.base_time_ms < EPOCH_STARTS_MS[2]
        assert not (is_old and batch)


def test_a_destroyed_epoch_has_its_own_reason_and_consent_still_comes_first() -> None:
    batch = sound_batch(base_time_ms=5)
    message = RawMessage(3, NOW_MS, encoded(batch))
    keys = without(ring(0, 10), 1)
    agreed = ledger_of(everyone_agrees())
    for ledger, reasons in ((agreed, {Rejected.EPOCH_DESTROYED}), (Ledger(), set())):
        outcome = process([message], Rules(Codec(), POLICY, keys), ledger, SECRETS, NOW_MS)
        for books in outcome.accounts:
            assert set(books.rejected()) == reasons
            assert books.event_count.tolist() == [len(batch)]
            assert books.batch.tolist() == [0]


def test_a_destroyed_epoch_stops_no_worker_however_many_messages_come() -> None:
    """It is no bad message, so it makes no dead letter and counts towards no limit."""
    messages = [
        RawMessage(offset, NOW_MS, encoded(sound_batch(base_time_ms=5))) for offset in range(50)
    ]
    rules = Rules(Codec(), POLICY, without(ring(0, 10), 1))
    outcome = process(messages, rules, Ledger(), SECRETS, NOW_MS)
    assert outcome.broken == ()


@given(base_ms=st.integers(0, 2 * NOW_MS), later=st.lists(st.integers(1, NOW_MS), max_size=3))
def test_a_rotation_never_changes_the_epoch_of_a_time_that_was_known(
    base_ms: int, later: list[int]
) -> None:
    known = replace(ring(0, 1_000), known_until_ms=NOW_MS)
    starts = sorted({NOW_MS + more for more in later})
    rotated = ring(0, 1_000, *starts)
    try:
        epoch = known.at(base_ms)
    except Retry:
        assert base_ms >= NOW_MS
    else:
        assert epoch == rotated.at(base_ms)


def test_a_batch_of_an_epoch_that_may_not_be_known_yet_is_not_judged() -> None:
    message = RawMessage(0, NOW_MS, encoded(sound_batch(base_time_ms=NOW_MS)))
    stale = replace(ring(0), known_until_ms=NOW_MS)
    with pytest.raises(Retry, match="not known yet"):
        process([message], Rules(Codec(), POLICY, stale), Ledger(), SECRETS, NOW_MS)
    fresh = replace(ring(0), known_until_ms=NOW_MS + 1)
    assert process([message], Rules(Codec(), POLICY, fresh), Ledger(), SECRETS, NOW_MS).accounts


def test_a_word_of_a_destroyed_epoch_is_not_logged_again_and_is_told_of() -> None:
    codec = Codec()
    said = [
        replace(word(ConsentAction.GRANT, SUBJECTS[0], PURPOSES[0]), at_ms=at_ms)
        for at_ms in (5, 15, NOW_MS)
    ]
    messages = [
        RawMessage(offset, NOW_MS, value) for offset, (_, value) in enumerate(messages_of(said))
    ]
    keys = replace(without(ring(0, 10), 1), known_until_ms=NOW_MS)
    source = Source(Topic.CONSENT, "id", 0, "f" * 64)
    letters, log = consent_log(messages, source, Rules(codec, POLICY, keys))
    assert letters.topic is Topic.DEAD_LETTERS
    assert read(letters)[1]["offset"].tolist() == [0]
    assert read(letters)[0]["reason"] == [Rejected.EPOCH_DESTROYED.value]
    assert read(log)[1]["offset"].tolist() == [1, 2]  # a clock that is ahead loses nothing
    assert SUBJECTS[0].encode() not in letters.value + log.value


def test_a_destroyed_epoch_can_be_asked_for_by_nobody() -> None:
    keys = without(ring(0, 10), 1)
    with pytest.raises(InputError, match="key epoch 1 was destroyed"):
        keys.numbered(1)
    assert keys.numbered(2).keys[Purpose.AGENT_TRAINING]
    assert [epoch.epoch for epoch in keys.live] == [2]
    assert keys.destroyed == (1,)
