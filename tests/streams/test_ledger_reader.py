"""The ledger reader: current only after everything has been read, and never for long without."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from deploy.broker import EmbeddedBroker
from events.clock import FixedClock, SystemClock
from events.codec import Codec
from events.consent import ConsentAction
from events.consent_record import SCHEMA, ConsentRecord, to_record
from events.errors import Retry, ServerMissing
from events.kafka import client_config, create_topics, wait_for_kafka
from events.metrics import REGISTRY
from events.outcomes import Withheld
from events.purposes import Purpose
from events.schemas import AvroSchema, BundledSchema, newest
from events.settings import Settings
from events.topics import Topic
from streams.ledger_reader import LedgerReader
from tests.kit.consent import DIGEST_KEY, chained, message_of, person
from tests.strategies import NOW_MS, SUBJECTS, TERMS, word

ANNA, TRAINING = SUBJECTS[0], Purpose.AGENT_TRAINING
_PATIENCE_S = 10.0


#: Anna sees the notice and agrees; then she withdraws, and pauses as well.
SEEN, GRANT, WITHDRAW, PAUSE = chained([
    word(action)
    for action in (
        *(ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT),
        *(ConsentAction.WITHDRAW, ConsentAction.PAUSE),
    )
])  # fmt: skip
AGREED = (SEEN, GRANT)


def until(condition: Callable[[], bool]) -> bool:
    give_up_s = time.monotonic() + _PATIENCE_S
    while not condition() and time.monotonic() < give_up_s:
        time.sleep(0.002)
    return condition()


@dataclass(frozen=True, slots=True)
class FakeMessage:
    at: int
    fault: KafkaError | None = None
    record: tuple[bytes, bytes | None] = (b"", None)

    def error(self) -> KafkaError | None:
        return self.fault

    def offset(self) -> int:
        return self.at

    def key(self) -> bytes:
        return self.record[0]

    def value(self) -> bytes | None:
        return self.record[1]


@dataclass(slots=True)
class FakeBroker:
    """The consent topic: records by offset from ``low`` on, and what goes wrong with it."""

    records: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    low: int = 0
    away: bool = False
    held_back: bool = False  # messages are on their way and do not arrive
    told_end: int | None = None  # what the broker says where that is not the end
    fault_before: int | None = None  # offset that an error is handed out in front of, once

    @property
    def end(self) -> int:
        return self.low + len(self.records)

    def say(self, *said: ConsentRecord) -> None:
        for consent in said:
            self.write(*message_of(consent))

    def write(self, key: bytes, value: bytes | None) -> None:
        self.records.append((key, value))


@dataclass(slots=True)
class FakeConsumer:
    broker: FakeBroker
    position: int = 0
    at_end: bool = False

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.position, self.at_end = partitions[0].offset, False

    def get_watermark_offsets(self, *_: object, **__: object) -> tuple[int, int]:
        if self.broker.away:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        told = self.broker.told_end
        return self.broker.low, self.broker.end if told is None else told

    def poll(self, timeout: float) -> FakeMessage | None:
        time.sleep(0.001)
        return self._next()

    def consume(self, count: int, timeout: float) -> list[FakeMessage]:
        found: list[FakeMessage] = []
        while len(found) < count and (message := self._next()) is not None:
            found.append(message)
        return found

    def _next(self) -> FakeMessage | None:
        broker = self.broker
        if broker.held_back or broker.away or self.position < broker.low:
            return None
        if self.position == broker.end:
            if self.at_end:
                return None
            self.at_end = True
            return FakeMessage(self.position, KafkaError(KafkaError._PARTITION_EOF))
        if broker.fault_before == self.position:
            broker.fault_before = None
            return FakeMessage(-1, KafkaError(KafkaError._ALL_BROKERS_DOWN))
        self.position += 1
        self.at_end = False
        return FakeMessage(self.position - 1, None, broker.records[self.position - 1 - broker.low])

    def close(self) -> None:
        self.position = -1


@contextmanager
def reading(
    broker: FakeBroker, monkeypatch: pytest.MonkeyPatch, codec: Codec | None = None
) -> Iterator[tuple[LedgerReader, FixedClock]]:
    monkeypatch.setattr("streams.proved_reader.Consumer", lambda config: FakeConsumer(broker))
    clock = FixedClock(NOW_MS)
    settings = Settings(kafka_servers="nowhere:1")
    reader = LedgerReader(settings, codec or Codec(), clock, digest_key=DIGEST_KEY)
    reader.start()
    try:
        yield reader, clock
    finally:
        reader.stop()
    assert not reader.is_current()


def verdict(reader: LedgerReader) -> Withheld | None:
    return reader.ledger.objection(person(ANNA), TRAINING, TERMS)


def test_it_is_not_current_before_it_has_been_started() -> None:
    reader = LedgerReader(Settings(), Codec(), SystemClock(), digest_key=DIGEST_KEY)
    assert not reader.is_current()


def test_it_is_not_current_before_the_end_has_been_read(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker(held_back=True)
    broker.say(*AGREED)
    with reading(broker, monkeypatch) as (reader, _):
        time.sleep(0.05)
        assert not reader.is_current()
        broker.held_back = False
        assert until(reader.is_current)
        assert verdict(reader) is None


def test_an_empty_topic_is_soon_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with reading(FakeBroker(), monkeypatch) as (reader, _):
        assert until(reader.is_current)
        assert len(reader.ledger) == 0


def test_an_end_that_is_told_too_early_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker(held_back=True, told_end=0)
    broker.say(*AGREED)
    with reading(broker, monkeypatch) as (reader, _):
        time.sleep(0.05)
        assert not reader.is_current()
        broker.held_back = False
        assert until(reader.is_current)
        assert verdict(reader) is None


def test_it_goes_stale_while_the_broker_is_away_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = FakeBroker()
    with reading(broker, monkeypatch) as (reader, clock):
        assert until(reader.is_current)
        broker.away = True
        time.sleep(0.05)
        clock.at_ms += reader.settings.ledger_max_age_ms
        assert reader.is_current()
        clock.at_ms += 1
        time.sleep(0.05)
        assert not reader.is_current()
        broker.say(WITHDRAW)
        broker.away = False
        assert until(reader.is_current)
        assert verdict(reader) is Withheld.WITHDRAWN


def test_a_proof_is_as_old_as_its_question(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    with reading(broker, monkeypatch) as (reader, clock):
        assert until(reader.is_current)
        broker.held_back = True
        broker.say(WITHDRAW)
        time.sleep(0.05)
        clock.at_ms += reader.settings.ledger_max_age_ms + 1
        time.sleep(0.05)
        assert not reader.is_current()
        broker.held_back = False
        assert until(reader.is_current)
        assert verdict(reader) is Withheld.WITHDRAWN


def test_an_error_among_the_records_loses_none_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker(fault_before=1)
    broker.say(*AGREED)
    broker.say(WITHDRAW)
    with reading(broker, monkeypatch) as (reader, _):
        assert until(reader.is_current)
        assert verdict(reader) is Withheld.WITHDRAWN


@dataclass(slots=True)
class FlakyRegistry:
    """Knows the consent schema as 1; is away at the first question."""

    asked: int = 0

    def id_of(self, schema: BundledSchema) -> int:
        return 1

    def schema_of(self, schema_id: int) -> AvroSchema | None:
        self.asked += 1
        if self.asked == 1:
            raise Retry("away")
        return newest(SCHEMA).parsed


def test_a_registry_that_is_away_loses_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    broker, registry = FakeBroker(), FlakyRegistry()
    broker.say(*AGREED)
    broker.write(WITHDRAW.key, Codec(registry).encode(SCHEMA, to_record(WITHDRAW)))
    broker.say(PAUSE)
    with reading(broker, monkeypatch, Codec(registry)) as (reader, _):
        assert until(reader.is_current)
        assert registry.asked == 2
        assert verdict(reader) is Withheld.WITHDRAWN


def test_a_topic_whose_first_records_are_gone_is_read_from_where_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = FakeBroker(low=7)
    broker.say(*AGREED)
    with reading(broker, monkeypatch) as (reader, _):
        assert until(reader.is_current)
        assert verdict(reader) is None


def test_a_deleted_record_takes_its_consent_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    broker.say(*AGREED)
    for consent in AGREED:
        broker.write(consent.key, None)
    with reading(broker, monkeypatch) as (reader, _):
        assert until(reader.is_current)
        assert verdict(reader) is Withheld.NOT_ENROLLED


@pytest.mark.parametrize(
    ("key", "no"),
    [
        (WITHDRAW.key, Withheld.CHAIN_BROKEN),
        (GRANT.key, Withheld.CHAIN_BROKEN),
        (b"no key of ours", None),
        (chained([word(ConsentAction.WITHDRAW, SUBJECTS[1])])[0].key, None),
    ],
)
def test_a_record_that_cannot_be_read_counts_as_a_no_of_its_key(
    monkeypatch: pytest.MonkeyPatch, key: bytes, no: Withheld | None
) -> None:
    broker, before = FakeBroker(), count_of("glasshouse_ledger_broken_records_total")
    broker.say(*AGREED)
    broker.write(key, b"broken")
    with reading(broker, monkeypatch) as (reader, _):
        assert until(reader.is_current)
        assert verdict(reader) is no
        assert count_of("glasshouse_ledger_broken_records_total") == before + 1


def test_a_record_that_does_not_follow_withholds_its_person_and_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker, before = FakeBroker(), count_of("glasshouse_ledger_broken_records_total")
    broker.say(SEEN, GRANT, PAUSE)  # what came between is not there
    with reading(broker, monkeypatch) as (reader, _):
        assert until(reader.is_current)
        assert verdict(reader) is Withheld.CHAIN_BROKEN
        assert count_of("glasshouse_ledger_broken_records_total") == before + 1
        assert count_of("glasshouse_ledger_doubtful_chains") == 1


def count_of(metric: str) -> float:
    return REGISTRY.get_sample_value(metric) or 0.0


@dataclass(slots=True)
class RunningClock:
    """Goes on by a second at every look."""

    s: float = 0.0

    def now_ms(self) -> int:
        return int(self.s * 1_000)

    def monotonic_s(self) -> float:
        self.s += 1.0
        return self.s


def test_waiting_for_it_ends_at_the_give_up_time_and_nothing_has_passed() -> None:
    settings = Settings(server_timeout_s=3)
    reader = LedgerReader(settings, Codec(), RunningClock(), digest_key=DIGEST_KEY)
    with pytest.raises(ServerMissing, match="nothing was passed on"):
        asyncio.run(reader.current())


@pytest.mark.service
def test_on_a_broker_it_sees_a_withdrawal_and_goes_stale_when_the_broker_dies(
    tmp_path: Path,
) -> None:
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        settings = Settings(kafka_servers=broker.servers, ledger_max_age_ms=1_000)
        create_topics(wait_for_kafka(settings), settings)
        producer = Producer(client_config(settings))

        def say(*said: ConsentRecord) -> None:
            for consent in said:
                key, value = message_of(consent)
                producer.produce(Topic.CONSENT.value, value, key)
            assert producer.flush(10) == 0

        others = [word(ConsentAction.GRANT, f"someone-{number}") for number in range(300)]
        say(*chained(others), *AGREED)
        reader = LedgerReader(settings, Codec(), SystemClock(), digest_key=DIGEST_KEY)
        reader.start()
        try:
            assert asyncio.run(reader.current()) is reader.ledger
            assert len(reader.ledger) == 301
            assert verdict(reader) is None
            say(WITHDRAW)
            assert until(lambda: verdict(reader) is Withheld.WITHDRAWN)
            assert broker._process is not None
            broker._process.kill()
            assert until(lambda: not reader.is_current())
        finally:
            reader.stop()
