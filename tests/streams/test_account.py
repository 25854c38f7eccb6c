"""Accounting: every event of every message, once, for each purpose."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from events.clock import MS_PER_DAY
from events.codec import Codec
from events.metrics import REGISTRY
from events.outcomes import Rejected
from events.policy import Policy
from events.purposes import PURPOSES, Purpose
from streams.account import Account, account
from streams.decode import Broken, RawMessage, decode
from streams.fate import FATES, PASSED, REJECTED
from streams.keys import KeyRing
from streams.ledger import Ledger
from streams.observe import observe
from streams.pipeline import Outcome, Rules, process
from tests.kit.consent import ledger_of
from tests.kit.secrets import secrets
from tests.oracle import World, keyed, of_the_willing
from tests.strategies import (
    NOW_MS,
    Sent,
    encoded,
    everyone_agrees,
    key_rings,
    policies,
    ring,
    runs,
    sound_batch,
)
from tests.streams.test_pipeline import epochs_of


def outcome_of(run: list[Sent], policy: Policy) -> Outcome:
    messages = [RawMessage(at, NOW_MS, sent.value) for at, sent in enumerate(run)]
    return process(messages, Rules(Codec(), policy, ring(0)), Ledger(), secrets(), NOW_MS)


def events_in(run: list[Sent]) -> list[int]:
    """Events of each message; one that is refused whole counts as one."""
    return [1 if sent.batch is None else len(sent.batch) for sent in run]


@given(run=runs(most=3), policy=policies())
def test_each_message_s_fates_sum_to_its_events(run: list[Sent], policy: Policy) -> None:
    outcome = outcome_of(run, policy)
    assert [books.purpose for books in outcome.accounts] == list(PURPOSES)
    for books in outcome.accounts:
        assert books.offset.tolist() == list(range(len(run)))
        assert books.event_count.tolist() == events_in(run)
        parts = [books.passed_count, *books.withheld().values(), *books.rejected().values()]
        assert sum(parts).tolist() == events_in(run)  # type: ignore[union-attr]
        assert books.latest_ms == -1


@given(run=runs(most=3), policy=policies())
def test_a_message_has_an_id_that_follows_from_its_rows_and_one_without_rows_to_come_has_none(
    run: list[Sent], policy: Policy
) -> None:
    keys = ring(0).epochs[0].keys
    latest_ms = NOW_MS + policy.clock_tolerance_ms

    def expected(sent: Sent, purpose: str) -> int:
        if sent.batch is None or sent.batch.header.base_time_ms > latest_ms:
            return 0
        of_rows = keyed(keys[purpose], "batch", sent.batch.header.batch_id)
        return keyed(keys["governance"], "batch", of_rows.to_bytes(8, "little"))

    for books in outcome_of(run, policy).accounts:
        assert books.batch.tolist() == [expected(sent, books.purpose) for sent in run]


@given(run=runs(), policy=policies(), keys=key_rings())
def test_a_message_has_the_day_of_its_first_event_that_passed(
    run: list[Sent], policy: Policy, keys: KeyRing
) -> None:
    ledger = ledger_of(everyone_agrees())
    messages = [RawMessage(at, NOW_MS, sent.value) for at, sent in enumerate(run)]
    outcome = process(
        messages, Rules(Codec(), policy, keys), ledger, secrets(sealing=keys.sealing), NOW_MS
    )
    world = World(everyone_agrees(), policy, epochs_of(keys), NOW_MS)

    def day(sent: Sent, purpose: Purpose) -> int:
        if sent.batch is None:
            return 0
        rows = of_the_willing(sent.batch, purpose, world)[1]
        of_training = purpose is Purpose.AGENT_TRAINING
        times = [row[9] if of_training else name[1] for name, row in rows.items()]
        return min((int(str(time)) for time in times), default=0) // MS_PER_DAY

    for books in outcome.accounts:
        assert books.first_day.tolist() == [day(sent, books.purpose) for sent in run]


def books_of(offset: int, broken: tuple[Broken, ...] = ()) -> Account:
    batches, _ = decode([RawMessage(offset, 0, encoded(sound_batch()))], Codec())
    counts = np.zeros((1, FATES), dtype=np.int64)
    counts[0, PASSED] = 2
    ids, days = np.array([7], dtype=np.uint64), np.array([20_000])
    return account(PURPOSES[0], batches, broken, ids=ids, counts=counts, days=days, latest_ms=5)


def test_sound_and_broken_messages_stand_in_the_order_of_their_offsets() -> None:
    refused = (Broken(9, 0, Rejected.TOO_LARGE), Broken(3, 0, Rejected.UNDECODABLE))
    books = books_of(5, refused)
    assert books.offset.tolist() == [3, 5, 9]
    assert books.batch.tolist() == [0, 7, 0]
    assert books.first_day.tolist() == [0, 20_000, 0]
    assert books.event_count.tolist() == [1, 2, 1]
    assert books.passed_count.tolist() == [0, 2, 0]
    assert books.fates[2, REJECTED[Rejected.TOO_LARGE]] == 1


def test_an_offset_beyond_what_a_float_can_tell_stays_exact() -> None:
    assert books_of(2**53 + 1).offset.tolist() == [2**53 + 1]


def test_only_reasons_that_occur_are_in_the_books() -> None:
    assert list(books_of(0, (Broken(1, 0, Rejected.TOO_LARGE),)).rejected()) == [Rejected.TOO_LARGE]
    assert books_of(0).withheld() == {}


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@given(run=runs(most=3), policy=policies())
def test_the_metrics_count_what_the_books_say(run: list[Sent], policy: Policy) -> None:
    purpose = PURPOSES[0].value
    names = ("glasshouse_events_in_total", "glasshouse_events_passed_total")
    before = [sample(name, purpose=purpose) for name in names]
    refused = sample("glasshouse_dead_letters_total", reason="empty_batch")
    observe(outcome_of(run, policy))
    assert sample(names[0], purpose=purpose) - before[0] == sum(events_in(run))
    assert sample(names[1], purpose=purpose) == before[1]
    empty = sum(sent.reason is Rejected.EMPTY_BATCH for sent in run)
    assert sample("glasshouse_dead_letters_total", reason="empty_batch") - refused == empty
