"""With a spool, a publisher waits for nobody, and what it took outlives it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import producers.publisher
from events.codec import Codec
from events.errors import ServerMissing, SpoolFull, Stop
from events.metrics import REGISTRY
from events.settings import Settings
from events.topics import Topic
from producers.client import producer_config
from producers.publisher import Publisher
from producers.spool import Spool, open_spool
from producers.unsent import InMemory
from tests.producers.read_back import everything_on
from tests.producers.test_publisher import CANARY, batches, nobody
from tests.producers.test_spool import LIMIT_BYTES, anywhere

__all__ = ["nobody"]  # a fixture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def publish(publisher: Publisher, *numbers: int, key: bytes = b"someone", size: int = 1) -> None:
    for number in numbers:
        publisher.publish_bytes(key, b"%d:" % number + bytes(size), 3)


def arrived(settings: Settings) -> list[int]:
    found = [message.value() or b"" for message in everything_on(Topic.RAW, settings)]
    return [int(value.partition(b":")[0]) for value in found]


def left_by_a_dead_run(folder: Path, nobody: Settings, *numbers: int, size: int = 1) -> None:
    """A run that Kafka never answered."""
    with (
        pytest.raises(ServerMissing),
        open_spool(folder, LIMIT_BYTES) as spool,
        Publisher(nobody, Codec(), outbox=spool) as publisher,
    ):
        publish(publisher, *numbers, size=size)


def test_batches_arrive_as_without_a_spool_and_leave_nothing_behind(
    mock_kafka: Settings, folder: Path
) -> None:
    with (
        open_spool(folder, LIMIT_BYTES) as spool,
        Publisher(mock_kafka, Codec(), outbox=spool) as publisher,
    ):
        for batch in batches():
            publisher.publish(batch)
        publisher.publish_bytes(b"someone", CANARY, 1)
        assert publisher.spooled is not None
        publisher.flush()
        assert publisher.spooled == 0
        assert not anywhere(folder, CANARY)
    assert publisher.report.raw_messages == len(batches()) + 1
    assert publisher.report.left_over_messages == 0
    assert len(everything_on(Topic.RAW, mock_kafka)) == len(batches()) + 1


def test_a_batch_is_on_disk_before_the_client_has_it(
    mock_kafka: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_spool(folder, LIMIT_BYTES) as spool:
        publisher = Publisher(mock_kafka, Codec(), outbox=spool)
        producer = publisher._producer
        found: list[bool] = []

        class Watched:
            def __getattr__(self, name: str) -> Any:
                return getattr(producer, name)

            def __len__(self) -> int:
                return len(producer)

            def produce(self, *arguments: Any, **more: Any) -> None:
                found.append(anywhere(folder, CANARY))
                producer.produce(*arguments, **more)

        monkeypatch.setattr(publisher, "_producer", Watched())
        with publisher:
            publisher.publish_bytes(b"someone", CANARY, 1)
    assert found == [True]


def test_what_a_dead_run_left_over_is_sent_before_what_is_new(
    mock_kafka: Settings, nobody: Settings, folder: Path
) -> None:
    left_by_a_dead_run(folder, nobody, *range(50))
    with (
        open_spool(folder, LIMIT_BYTES) as spool,
        Publisher(mock_kafka, Codec(), outbox=spool) as publisher,
    ):
        assert spool.left_over == 50
        publish(publisher, *range(50, 60))
    assert arrived(mock_kafka) == list(range(60))
    report = publisher.report
    assert (report.raw_messages, report.events_acknowledged) == (60, 180)
    assert (report.left_over_messages, report.left_over_events) == (50, 150)


def test_a_start_with_nothing_new_sends_what_was_left_over(
    mock_kafka: Settings, nobody: Settings, folder: Path
) -> None:
    left_by_a_dead_run(folder, nobody, 1, 2, 3)
    with open_spool(folder, LIMIT_BYTES) as spool, Publisher(mock_kafka, Codec(), outbox=spool):
        pass
    assert arrived(mock_kafka) == [1, 2, 3]


def test_publishing_goes_on_far_beyond_the_clients_buffer_while_kafka_is_silent(
    nobody: Settings, mock_kafka: Settings, folder: Path
) -> None:
    left_by_a_dead_run(folder, nobody, *range(60), size=50_000)  # 3 MB, past a buffer of 1 MiB
    small = mock_kafka.model_copy(update={"producer_buffer_bytes": 1_048_576})
    with (
        open_spool(folder, LIMIT_BYTES) as spool,
        Publisher(small, Codec(), outbox=spool) as publisher,
    ):
        publish(publisher, *range(60, 120), size=50_000)
    assert arrived(mock_kafka) == list(range(120))


def test_what_is_unsent_on_leaving_is_said_to_be_kept(nobody: Settings, folder: Path) -> None:
    with (
        pytest.raises(ServerMissing, match="2 messages are unsent") as caught,
        open_spool(folder, LIMIT_BYTES) as spool,
        Publisher(nobody, Codec(), outbox=spool) as publisher,
    ):
        publish(publisher, 1, 2)
    assert f"kept in the spool {folder}" in str(caught.value)


def full(spool: Spool) -> None:
    with pytest.raises(SpoolFull):
        while True:
            spool.append(b"someone", os.urandom(200_000), 1)


def test_a_live_producer_is_told_that_the_spool_is_full_and_it_is_counted(
    nobody: Settings, folder: Path
) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("glasshouse_spool_full_messages_total") or 0

    patient = nobody.model_copy(update={"server_timeout_s": 30})
    with open_spool(folder, LIMIT_BYTES) as spool:
        full(spool)
        before, held = counted(), len(spool)
        publisher = Publisher(patient, Codec(), outbox=spool)
        for number in (1, 2):
            with pytest.raises(SpoolFull, match="spool_limit_bytes"):
                publish(publisher, number, size=200_000)
        assert counted() == before + 2
        assert len(spool) == held


def test_a_replay_waits_while_the_spool_is_full_until_kafka_has_taken_some(
    mock_kafka: Settings, folder: Path
) -> None:
    refusals: list[SpoolFull] = []
    with open_spool(folder, LIMIT_BYTES) as spool:
        full(spool)
        held = len(spool)
        with Publisher(mock_kafka, Codec(), outbox=spool, when_full=refusals.append) as publisher:
            publish(publisher, 1, 2, 3, size=200_000)
        assert len(spool) == 0
    assert refusals
    assert publisher.report.raw_messages == held + 3


def test_a_replay_that_waits_for_a_silent_kafka_gives_up_and_keeps_all(
    nobody: Settings, folder: Path
) -> None:
    with open_spool(folder, LIMIT_BYTES) as spool:
        full(spool)
        held = len(spool)
        with (
            pytest.raises(ServerMissing, match=f"{held} messages are unsent"),
            Publisher(nobody, Codec(), outbox=spool, when_full=lambda full: None) as publisher,
        ):
            publish(publisher, 1, size=200_000)
        assert len(spool) == held


def test_what_kafka_refuses_for_good_stays_in_the_spool(
    nobody: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(settings: Settings) -> dict[str, Any]:
        return {**producer_config(settings), "message.timeout.ms": 100}

    monkeypatch.setattr(producers.publisher, "producer_config", impatient)
    patient = nobody.model_copy(update={"server_timeout_s": 30})
    with open_spool(folder, LIMIT_BYTES) as spool:
        with (
            pytest.raises(Stop, match="not delivered: _MSG_TIMED_OUT") as caught,
            Publisher(patient, Codec(), outbox=spool) as publisher,
        ):
            publish(publisher, 1, 2)
        assert "kept in the spool" in str(caught.value)
        assert len(spool) == 2


def test_a_message_no_start_could_ever_send_is_told_and_not_kept(
    mock_kafka: Settings, folder: Path
) -> None:
    with open_spool(folder, LIMIT_BYTES) as spool:
        with (
            pytest.raises(Stop, match="MSG_SIZE_TOO_LARGE"),
            Publisher(mock_kafka, Codec(), outbox=spool) as publisher,
        ):
            publish(publisher, 1)
            publish(publisher, 2, size=1_040_000)
        assert len(spool) == 0
    assert arrived(mock_kafka) == [1]


def test_an_outbox_in_memory_holds_one_message_until_it_is_handed_over() -> None:
    outbox = InMemory()
    assert outbox.first() is None
    outbox.append(b"someone", b"x", 5)
    message = outbox.first()
    assert message is not None
    assert (message.key, message.value, message.events) == (b"someone", b"x", 5)
    assert len(outbox) == 1
    outbox.handed_over()
    assert len(outbox) == 0
    assert outbox.first() is None
