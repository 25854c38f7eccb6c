"""The worker's four steps, stopped between any two of them: nothing is acknowledged too early, a
take's output is there whole or not at all, and after a new start the rows are those of a run
without a fault."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from events.errors import Retry
from events.outcomes import Rejected
from streams import worker
from tests.oracle import World, expect
from tests.strategies import NOW_MS, Sent, encoded, everyone_agrees, fixed_id, sound_batch
from tests.streams.around import KEYS, POLICY, Around, Fault, without
from tests.streams.read_back import read_back

CANARY = "canary-in-an-error"
_DIE = worker.die


class Died(Exception):
    """Stands for the end of the process."""


def six_messages() -> list[Sent]:
    batches = [sound_batch(batch_id=fixed_id("batch", number)) for number in range(5)]
    broken = Sent(CANARY.encode(), reason=Rejected.UNDECODABLE)
    return [*(Sent(encoded(batch), batch) for batch in batches), broken]


@pytest.fixture(autouse=True)
def last_words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the worker said when it ended the process."""
    said: list[str] = []

    def die(text: str) -> None:
        said.append(text)
        raise Died

    monkeypatch.setattr("streams.worker.die", die)
    return said


def expected(run: Sequence[Sent]) -> Any:
    epochs = [(epoch.epoch, epoch.from_ms, epoch.keys) for epoch in KEYS.epochs]
    return expect(run, World(everyone_agrees(), POLICY, epochs, NOW_MS))


def test_without_a_fault_everything_is_sent_and_acknowledged_in_order() -> None:
    around = Around(six_messages())
    around.carry()
    assert around.acked == list(range(6))
    assert read_back(around.sent) == expected(around.run)


def test_no_message_is_acknowledged_before_all_it_led_to_is_committed() -> None:
    around = Around(six_messages())
    around.carry()
    for take in " ".join(around.journal).split("take")[1:]:
        steps = [step for step in take.split() if step != "open"]
        sent = steps.count("send")
        assert sent > 0
        expected = ["ledger", *["send"] * sent, "acknowledged", "commit", "committed", "ack"]
        assert steps == expected


def test_the_lane_is_opened_once_under_its_own_name() -> None:
    around = Around(six_messages())
    around.carry(commit_within_s=7)
    [config] = around.configs
    assert config["transactional.id"] == "glasshouse-worker:interactions.raw:1"
    assert config["transaction.timeout.ms"] == 7_000


def test_faust_s_own_acknowledging_is_off_for_good() -> None:
    around = Around(six_messages())
    around.carry()
    assert not around.enable_acks


def start_again(around: Around) -> None:
    """A new process takes what was not acknowledged; all that was ever sent is still in Kafka."""
    again = Around(around.run, acked=around.acked, sent=around.sent)
    again.carry()
    assert again.acked == list(range(6))
    assert read_back(again.sent) == expected(around.run)


STEPS = ("ledger", "send", "acknowledged", "commit", "committed", "ack")


@pytest.mark.parametrize("late", [0, 1, 2])
@pytest.mark.parametrize("step", STEPS)
def test_an_unexpected_error_ends_the_process_and_a_new_start_gives_the_same_rows(
    step: str, late: int, last_words: list[str]
) -> None:
    around = Around(six_messages(), {step: [*[None] * late, ValueError(CANARY)]})
    with pytest.raises(Died):
        around.carry()
    (text,) = last_words
    assert "unexpected ValueError" in text
    assert CANARY not in text
    start_again(around)


@pytest.mark.parametrize("late", [0, 1, 2])
@pytest.mark.parametrize("step", STEPS[:-1])
def test_a_cancelled_worker_acknowledges_nothing_more_and_does_not_die(
    step: str, late: int, last_words: list[str]
) -> None:
    around = Around(six_messages())
    around.faults[step] = [*[None] * late, around.cancel]
    with pytest.raises(asyncio.CancelledError):
        around.carry()
    assert last_words == []
    assert around.journal.count("take") == 1 + len(around.acked) // 2
    assert 2 * around.journal.count("ack") == len(around.acked)
    start_again(around)


def test_what_a_cancelled_worker_has_begun_to_send_is_committed_whole() -> None:
    around = Around(six_messages())
    around.faults["send"] = [around.cancel]
    with pytest.raises(asyncio.CancelledError):
        around.carry()
    assert around.journal[-1] == "committed"
    assert around.producers == 0
    assert around.acked == []


class Vanished(BaseException):
    """As kill -9: no `except` of the worker sees it."""


@pytest.mark.parametrize("step", ["open", "send", "acknowledged", "commit"])
def test_a_process_that_vanishes_before_the_commit_leaves_nothing_to_be_read(step: str) -> None:
    around = Around(six_messages(), {step: [Vanished()]})
    with pytest.raises(Vanished):
        around.carry()
    assert around.acked == []
    assert around.sent == []
    start_again(around)


def test_a_process_that_vanishes_after_the_commit_leaves_all_and_acknowledges_nothing() -> None:
    around = Around(six_messages(), {"committed": [Vanished()]})
    with pytest.raises(Vanished):
        around.carry()
    assert around.acked == []
    assert len(around.sent) == around.journal.count("send")
    start_again(around)


def kafka_says(code: int) -> Fault:
    def refuse() -> None:
        raise KafkaException(KafkaError(code, CANARY))

    return refuse


@pytest.mark.parametrize("step", ["open", "send", "acknowledged", "commit", "committed"])
def test_after_a_fault_of_kafka_all_of_a_take_is_judged_and_sent_again_by_a_new_producer(
    step: str, last_words: list[str]
) -> None:
    around = Around(six_messages(), {step: [kafka_says(KafkaError._TIMED_OUT)]})
    around.carry(server_timeout_s=5.0)
    assert last_words == []
    assert around.acked == list(range(6))
    assert around.journal.count("ledger") == 4
    assert len(around.configs) == 2
    assert read_back(around.sent) == expected(around.run)


def test_a_broker_that_stays_away_ends_the_process_and_nothing_is_acknowledged(
    last_words: list[str],
) -> None:
    around = Around(six_messages(), {"open": [kafka_says(KafkaError._TIMED_OUT)] * 100})
    with pytest.raises(Died):
        around.carry()
    assert "Kafka took no output (_TIMED_OUT), for 0.3 s" in last_words[0]
    assert CANARY not in last_words[0]
    assert around.acked == []


def test_who_may_not_write_ends_at_once_and_is_told_what_to_do(last_words: list[str]) -> None:
    fault = kafka_says(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    around = Around(six_messages(), {"open": [fault]})
    with pytest.raises(Died):
        around.carry(server_timeout_s=60)
    assert "provision --rights" in last_words[0]
    assert around.journal.count("open") == 1


FENCED = (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH)


@pytest.mark.parametrize("code", FENCED)
def test_a_worker_whose_lane_was_fenced_goes_on_only_if_it_still_has_it_after_a_session(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    around = Around(six_messages(), {"commit": [kafka_says(code)]})
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr("streams.outbox.asyncio.sleep", noted)
    around.carry(group_session_timeout_s=6, server_timeout_s=5)
    assert 6 in slept
    assert around.acked == list(range(6))
    assert read_back(around.sent) == expected(around.run)


def test_a_worker_that_was_fenced_and_has_lost_the_partition_opens_the_lane_no_more(
    last_words: list[str],
) -> None:
    around = Around(six_messages(), {"commit": [kafka_says(KafkaError._FENCED)]})

    def soon() -> None:
        asyncio.get_running_loop().call_later(0.2, around.cancel)

    around.faults["take"] = [soon]
    with pytest.raises(asyncio.CancelledError):
        around.carry(group_session_timeout_s=30)
    assert len(around.configs) == 1
    assert (around.acked, around.sent, last_words) == ([], [], [])


# How late may an event pass after its person's withdrawal?

SERVES_S = 12.0  # as the settings below say: a proof of 2 s may be used, then there are 10 s more
SETTINGS: dict[str, Any] = {
    "ledger_max_age_ms": 2_000, "commit_within_s": 10, "server_timeout_s": 5
}  # fmt: skip
PERSON = sound_batch().header.subject


@pytest.mark.parametrize("step", ["ledger", "open", "send", "acknowledged"])
def test_what_was_judged_too_long_ago_is_not_committed_but_judged_again(step: str) -> None:
    around = Around(six_messages())

    def withdrawn_in_a_stall() -> None:
        around.words = without(around.words, PERSON)
        around.stall(SERVES_S)()

    around.faults[step] = [withdrawn_in_a_stall]
    around.carry(**SETTINGS)
    assert around.acked == list(range(6))
    assert around.journal.count("ledger") == 4
    assert around.journal.count("commit") == 3
    assert read_back(around.sent).training == {}
    fates = {fate for _, fates in read_back(around.sent).books.values() for fate in fates}
    assert fates == {"not_enrolled", "undecodable"}


@pytest.mark.parametrize("step", ["ledger", "open", "send", "acknowledged"])
def test_what_was_judged_just_in_time_is_committed(step: str) -> None:
    around = Around(six_messages())
    around.faults[step] = [around.stall(SERVES_S - 0.001)]
    around.carry(**SETTINGS)
    assert around.journal.count("ledger") == 3
    assert read_back(around.sent) == expected(around.run)


def test_no_commit_is_waited_for_longer_than_the_judgement_serves() -> None:
    around, waits = Around(six_messages()), list[float]()
    commit = "tests.streams.around.Producer.commit_transaction"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commit, lambda _, timeout: waits.append(timeout))
        around.faults["acknowledged"] = [around.stall(5)]
        with pytest.raises((Died, AssertionError)):
            around.carry(**SETTINGS)
    assert waits == [SERVES_S - 5]


def test_what_is_judged_again_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[Any] = []
    monkeypatch.setattr("streams.worker.observe", counted.append)
    around = Around(six_messages(), {"committed": [kafka_says(KafkaError._TIMED_OUT)] * 2})
    around.carry(server_timeout_s=5)
    assert len(counted) == 3


def test_a_registry_that_is_away_for_a_moment_is_tried_again(last_words: list[str]) -> None:
    around = Around(six_messages(), {"ledger": [Retry("registry is away"), None]})
    around.carry(server_timeout_s=5.0)
    assert last_words == []
    assert read_back(around.sent) == expected(around.run)


def test_a_registry_that_stays_away_ends_the_process(last_words: list[str]) -> None:
    errors: list[Fault] = [Retry("schema registry is away") for _ in range(100)]
    around = Around(six_messages(), {"ledger": errors})
    with pytest.raises(Died):
        around.carry()
    assert "schema registry is away, for 0.3 s. What was taken was not" in last_words[0]
    assert around.acked == []


def test_too_many_refused_in_a_row_end_the_process_before_they_are_acknowledged(
    last_words: list[str],
) -> None:
    broken = [Sent(CANARY.encode(), reason=Rejected.UNDECODABLE)] * 6
    around = Around(broken)
    with pytest.raises(Died):
        around.carry(dead_letter_limit=4)
    assert "6 messages in a row were refused" in last_words[0]
    assert CANARY not in last_words[0]
    assert around.acked == [0, 1, 2, 3]


def test_the_last_words_are_written_before_the_process_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends: list[int] = []
    monkeypatch.setattr("os._exit", ends.append)
    _DIE("why it ended")
    assert ends == [worker.EXIT_STOPPED]
    assert "glasshouse: why it ended" in capsys.readouterr().err
