"""The worker's four steps, stopped between any two of them: nothing is acknowledged too early,
and after a new start the rows are those of a run without a fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.exceptions import ProducerSendError

from events.clock import FixedClock
from events.codec import Codec
from events.errors import Retry
from events.outcomes import Rejected
from events.policy import BUNDLED_POLICY, load_policy
from events.settings import Settings
from events.topics import Topic
from streams import worker
from streams.emit import Emission
from streams.ledger import Ledger
from streams.pipeline import Rules
from streams.worker import Worker
from tests.oracle import World, expect
from tests.strategies import NOW_MS, Sent, encoded, fixed_id, ring, sound_batch
from tests.streams.read_back import read_back
from tests.streams.test_pipeline import everyone_grants

POLICY, KEYS = load_policy(BUNDLED_POLICY), ring(0)
CANARY = "canary-in-an-error"
_DIE = worker.die


class Died(Exception):
    """Stands for the end of the process."""


@dataclass(slots=True)
class Around:
    """Everything around the worker: stream, app and ledger, with a journal of what it does.

    ``faults`` says for each step what it raises the first time, the second, ...; None: nothing.
    """

    run: list[Sent]
    faults: dict[str, list[BaseException | None]] = field(default_factory=dict)
    journal: list[str] = field(default_factory=list)
    sent: list[Emission] = field(default_factory=list)
    acked: list[int] = field(default_factory=list)
    enable_acks: bool = True

    def step(self, name: str) -> None:
        self.journal.append(name)
        fault = self.faults[name].pop(0) if self.faults.get(name) else None
        if fault is not None:
            raise fault

    # The stream
    async def noack_take(self, most: int, within: float) -> AsyncIterator[list[Any]]:
        first = len(self.acked)
        for start in range(first, len(self.run), 2):
            self.step("take")
            yield [self._event(offset) for offset in range(start, min(start + 2, len(self.run)))]

    def _event(self, offset: int) -> Any:
        message = SimpleNamespace(
            topic=Topic.RAW.value,
            partition=1,
            offset=offset,
            timestamp=NOW_MS / 1_000,
            value=self.run[offset].value,
            headers=None,
            tp=None,
        )
        return SimpleNamespace(message=message)

    async def ack(self, event: Any) -> None:
        self.step("ack")
        assert event.message.offset == len(self.acked)
        self.acked.append(event.message.offset)

    # The app
    @property
    def producer(self) -> Any:
        return self

    async def send(
        self, topic: str, key: None, value: bytes, partition: int, *_: object
    ) -> asyncio.Future[None]:
        self.step("send")
        assert partition == 1
        done = asyncio.get_running_loop().create_future()

        def acknowledge() -> None:
            try:
                self.step("acknowledged")
            except BaseException as error:
                done.set_exception(error)
                return
            self.sent.append(Emission(Topic(topic), value))
            done.set_result(None)

        asyncio.get_running_loop().call_later(0.001, acknowledge)
        return done

    # The ledger
    async def current(self) -> Ledger:
        self.step("ledger")
        ledger = Ledger()
        for word in everyone_grants():
            ledger.apply(word)
        return ledger


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


def carry(around: Around, **settings: Any) -> None:
    """Run a worker in its surroundings until it has taken everything, or a fault ends it."""
    carrier = Worker(
        settings=Settings(**{"server_timeout_s": 0.3, **settings}),
        rules=Rules(Codec(), POLICY, KEYS),
        ledger=cast(Any, around),
        clock=FixedClock(NOW_MS),
        topic_ids={Topic.RAW: "raw-id", Topic.CONSENT: "consent-id"},
    )
    app = cast(Any, around)
    asyncio.run(carrier._carry(app, app, carrier._judge))


def expected(run: Sequence[Sent]) -> Any:
    epochs = [(epoch.epoch, epoch.from_ms, epoch.keys) for epoch in KEYS.epochs]
    return expect(run, World(everyone_grants(), POLICY, epochs, NOW_MS))


def test_without_a_fault_everything_is_sent_and_acknowledged_in_order() -> None:
    around = Around(six_messages())
    carry(around)
    assert around.acked == list(range(6))
    assert read_back(around.sent) == expected(around.run)


def test_no_message_is_acknowledged_before_all_it_led_to() -> None:
    around = Around(six_messages())
    carry(around)
    for take in " ".join(around.journal).split("take")[1:]:
        steps = take.split()
        assert steps[0] == "ledger"
        assert steps.count("send") == steps.count("acknowledged") > 0
        assert steps.index("ack") > max(at for at, s in enumerate(steps) if s == "acknowledged")


def test_faust_s_own_acknowledging_is_off_for_good() -> None:
    around = Around(six_messages())
    carry(around)
    assert not around.enable_acks


def start_again(around: Around) -> None:
    """A new process takes what was not acknowledged; all that was ever sent is still in Kafka."""
    again = Around(around.run, acked=around.acked, sent=around.sent)
    carry(again)
    assert again.acked == list(range(6))
    assert read_back(again.sent) == expected(around.run)


STEPS = ("ledger", "send", "acknowledged", "ack")


@pytest.mark.parametrize("late", [0, 1, 2])
@pytest.mark.parametrize("step", STEPS)
def test_an_unexpected_error_ends_the_process_and_a_new_start_gives_the_same_rows(
    step: str, late: int, last_words: list[str]
) -> None:
    around = Around(six_messages(), {step: [*[None] * late, ValueError(CANARY)]})
    with pytest.raises(Died):
        carry(around)
    (text,) = last_words
    assert "unexpected ValueError" in text
    assert CANARY not in text
    start_again(around)


@pytest.mark.parametrize("late", [0, 1, 2])
@pytest.mark.parametrize("step", STEPS)
def test_a_cancelled_worker_acknowledges_nothing_more_and_does_not_die(
    step: str, late: int, last_words: list[str]
) -> None:
    around = Around(six_messages(), {step: [*[None] * late, asyncio.CancelledError()]})
    with pytest.raises(asyncio.CancelledError):
        carry(around)
    assert last_words == []
    after = around.journal[around.journal.index(step) + 1 :]
    if late == 0:
        assert "ack" not in after
    start_again(around)


def test_a_process_that_vanishes_while_kafka_answers_has_acknowledged_nothing() -> None:
    class Vanished(BaseException):
        """As kill -9: no `except` of the worker sees it."""

    around = Around(six_messages(), {"acknowledged": [None, Vanished()]})
    with pytest.raises(Vanished):
        carry(around)
    assert around.acked == []
    assert 0 < len(around.sent) < 4
    start_again(around)


@pytest.mark.parametrize(
    "error", [ProducerSendError(CANARY), ConnectionResetError(CANARY), OSError(CANARY)]
)
@pytest.mark.parametrize("step", ["send", "acknowledged"])
def test_a_broker_that_is_away_for_a_moment_is_tried_again(
    step: str, error: Exception, last_words: list[str]
) -> None:
    around = Around(six_messages(), {step: [None, error]})
    carry(around, server_timeout_s=5.0)
    assert last_words == []
    assert around.acked == list(range(6))
    assert read_back(around.sent) == expected(around.run)


def test_a_broker_that_stays_away_ends_the_process_and_nothing_is_acknowledged(
    last_words: list[str],
) -> None:
    errors: list[BaseException | None] = [ProducerSendError(CANARY) for _ in range(100)]
    around = Around(six_messages(), {"send": errors})
    with pytest.raises(Died):
        carry(around)
    assert "Kafka took no output for 0.3 s (ProducerSendError)" in last_words[0]
    assert CANARY not in last_words[0]
    assert around.acked == []


def test_a_registry_that_is_away_for_a_moment_is_tried_again(last_words: list[str]) -> None:
    around = Around(six_messages(), {"ledger": [Retry("registry is away"), None]})
    carry(around, server_timeout_s=5.0)
    assert last_words == []
    assert read_back(around.sent) == expected(around.run)


def test_a_registry_that_stays_away_ends_the_process(last_words: list[str]) -> None:
    errors: list[BaseException | None] = [Retry("schema registry is away") for _ in range(100)]
    around = Around(six_messages(), {"ledger": errors})
    with pytest.raises(Died):
        carry(around)
    assert "schema registry is away, for 0.3 s. Nothing was committed" in last_words[0]
    assert around.acked == []


def test_too_many_refused_in_a_row_end_the_process_before_they_are_acknowledged(
    last_words: list[str],
) -> None:
    broken = [Sent(CANARY.encode(), reason=Rejected.UNDECODABLE)] * 6
    around = Around(broken)
    with pytest.raises(Died):
        carry(around, dead_letter_limit=4)
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
