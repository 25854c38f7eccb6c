"""Emission: every message below 1 MiB whatever comes in, and read back it is what went in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from events.batch import InteractionBatch
from events.clock import MS_PER_MINUTE
from events.codec import MAX_MESSAGE_BYTES, Codec
from events.outcomes import Rejected
from events.policy import BUNDLED_POLICY, Policy, load_policy
from events.purposes import PURPOSES
from events.topics import Topic
from events.vocabulary import MAX_BATCH_EVENTS
from streams.decode import RawMessage
from streams.emit import Emission, Source, dead_letter_records, emit
from streams.ledger import Ledger
from streams.pipeline import Rules, process
from tests.kit.consent import ledger_of
from tests.oracle import World, expect
from tests.strategies import NOW_MS, Sent, encoded, everyone_agrees, fixed_id, ring, sound_batch
from tests.streams.read_back import read, read_back
from tests.streams.test_pipeline import SECRETS

SOURCE = Source(Topic.RAW, "00000000-0000-0000-0000-000000000000", 3, "f" * 64)
KEYS = ring(0)
EPOCHS = [(epoch.epoch, epoch.from_ms, epoch.keys) for epoch in KEYS.epochs]
MOVE, BUTTON = 0, 1
LONG = "x" * 59


def emissions_of(run: Sequence[Sent], policy: Policy) -> list[Emission]:
    messages = [RawMessage(at, NOW_MS, sent.value) for at, sent in enumerate(run)]
    ledger = ledger_of(everyone_agrees())
    outcome = process(messages, Rules(Codec(), policy, KEYS), ledger, SECRETS, NOW_MS)
    return emit(outcome, SOURCE, policy.lateness_ms, {}, Codec())


def sent(batch: InteractionBatch) -> Sent:
    return Sent(encoded(batch), batch)


def many_names() -> list[Sent]:
    """As many messages as a take can have, each with names of its own and in two minutes."""
    return [
        sent(
            sound_batch(
                *[(0 if at % 5 else 30_000, MOVE, 1, 1, 0, 0) for at in range(10)],
                batch_id=fixed_id("batch", number),
                session=fixed_id("session", number),
                application=f"{number:05d}{LONG}",
                team=f"{number:05d}{LONG}",
            )
        )
        for number in range(4_096)
    ]


def full_batches(count: int = 16) -> list[Sent]:
    return [
        sent(
            sound_batch(
                *[(9, MOVE if at % 7 else BUTTON, at % 800, at % 600, 0, 3) for at in range(4_096)],
                batch_id=fixed_id("batch", number),
            )
        )
        for number in range(count)
    ]


def a_partial_an_event() -> list[Sent]:
    """Batches that touch as many minutes as they have events, each with its own names."""
    return [
        sent(
            sound_batch(
                *[(60_000, MOVE, at % 800, 1, 0, 0) for at in range(MAX_BATCH_EVENTS)],
                batch_id=fixed_id("batch", number),
                base_time_ms=NOW_MS - 5_000 * MS_PER_MINUTE,
                application=f"{number:05d}{LONG}",
                team=f"{number:05d}{LONG}",
            )
        )
        for number in range(4)
    ]


@pytest.mark.parametrize("make", [many_names, full_batches, a_partial_an_event])
def test_no_message_reaches_1_mib_and_all_that_went_in_is_read_back(
    make: Callable[[], list[Sent]],
) -> None:
    run = make()
    bundled = load_policy(BUNDLED_POLICY)
    names = tuple(f"{number:05d}{LONG}" for number in range(4_096))
    policy = bundled.model_copy(update={"applications": (*bundled.applications, *names)})
    emissions = emissions_of(run, policy)
    assert max(len(emission.value) for emission in emissions) < MAX_MESSAGE_BYTES
    assert read_back(emissions) == expect(run, World(everyone_agrees(), policy, EPOCHS, NOW_MS))


def test_256_full_batches_are_split_into_messages_below_1_mib() -> None:
    emissions = emissions_of(full_batches(256), load_policy(BUNDLED_POLICY))
    training = [emission for emission in emissions if emission.topic is Topic.TRAINING]
    assert len(training) > 10
    assert max(len(emission.value) for emission in training) < MAX_MESSAGE_BYTES
    batches = [batch for e in training for batch in read(e)[1]["batch"].tolist()]
    assert len(batches) == len(set(batches)) == 256
    assert sum(len(read(e)[1]["index"]) for e in training) == 256 * 4_096


def test_accounts_of_a_take_with_every_reason_stay_below_1_mib() -> None:
    reasons = list(Rejected)
    run = [Sent(b"" if at % 2 else None, reason=reasons[0]) for at in range(4_096)]
    emissions = emissions_of(run, load_policy(BUNDLED_POLICY))
    topics = Counter(emission.topic for emission in emissions)
    assert topics == {Topic.DEAD_LETTERS: 1, Topic.ACCOUNTING: 2}
    assert max(len(emission.value) for emission in emissions) < MAX_MESSAGE_BYTES


def test_nothing_in_means_nothing_out() -> None:
    assert emissions_of([], load_policy(BUNDLED_POLICY)) == []


def test_a_dead_letter_has_coordinates_and_reason_and_not_a_byte_of_the_message() -> None:
    run = [sent(sound_batch()), Sent(b"canary-payload", reason=Rejected.UNDECODABLE)]
    emissions = emissions_of(run, load_policy(BUNDLED_POLICY))
    (letter,) = [emission for emission in emissions if emission.topic is Topic.DEAD_LETTERS]
    record, columns = read(letter)
    assert b"canary" not in letter.value
    assert record["reason"] == ["undecodable"]
    assert (record["topic"], record["partition"]) == ("interactions.raw", 3)
    assert columns["offset"].tolist() == [1]
    assert columns["message_time_ms"].tolist() == [NOW_MS]
    assert list(dead_letter_records([], SOURCE)) == []


def test_the_books_name_the_dead_letter_of_each_copy_in_the_message_that_has_the_copy() -> None:
    run = [
        RawMessage(at, NOW_MS, b"", redriven_from={5: 3, 4_096: 0, 4_097: 5}.get(at))
        for at in range(4_098)
    ]
    rules = Rules(Codec(), load_policy(BUNDLED_POLICY), KEYS)
    outcome = process(run, rules, Ledger(), SECRETS, NOW_MS)
    books = [
        read(emission)[0]
        for emission in emit(outcome, SOURCE, 0, {}, Codec())
        if emission.topic is Topic.ACCOUNTING
    ]
    found = [list(zip(b["redriven_offset"], b["redriven_from"], strict=True)) for b in books]
    assert found == 2 * [[(5, 3)], [(4_096, 0), (4_097, 5)]]


def test_rows_come_before_the_books_that_speak_of_them() -> None:
    topics = [
        emission.topic
        for emission in emissions_of([sent(sound_batch())], load_policy(BUNDLED_POLICY))
    ]
    assert topics == [Topic.TRAINING, Topic.WINDOWS, Topic.ACCOUNTING, Topic.ACCOUNTING]


@pytest.mark.parametrize(
    ("seen_ms", "watermark_ms"), [({}, -1), ({"agent_training": 500_000}, 380_000)]
)
def test_the_watermark_is_the_latest_event_minus_the_lateness(
    seen_ms: dict[str, int], watermark_ms: int
) -> None:
    policy = load_policy(BUNDLED_POLICY)
    messages = [RawMessage(0, NOW_MS, None)]
    outcome = process(messages, Rules(Codec(), policy, KEYS), Ledger(), SECRETS, NOW_MS)
    emissions = emit(outcome, SOURCE, policy.lateness_ms, seen_ms, Codec())
    books = [read(e)[0] for e in emissions if e.topic is Topic.ACCOUNTING]
    assert {b["purpose"]: b["watermark_ms"] for b in books} == {
        PURPOSES[0]: watermark_ms,
        PURPOSES[1]: -1,
    }


def test_a_repr_shows_no_byte_of_a_message() -> None:
    assert "value" not in repr(emissions_of([sent(sound_batch())], load_policy(BUNDLED_POLICY))[0])
