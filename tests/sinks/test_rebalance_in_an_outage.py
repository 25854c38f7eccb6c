"""A second loader comes and goes while ClickHouse is away, on a real broker: all is loaded in the
end, by the one that stayed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from clickhouse_connect.driver.exceptions import OperationalError
from confluent_kafka import Producer

import sinks.loader
from events.kafka import client_config
from events.settings import Settings
from events.topics import Topic
from sinks.loader import Loader
from tests.end_to_end.stack import wait_until
from tests.sinks.fakes import FakeClient, Faults
from tests.sinks.made import CODEC, Sent, org, run_of

pytestmark = pytest.mark.service

RUN = run_of(org(people=8, batches_each=6), partitions=2, take=2)
AWAY = Faults(always={"insert": OperationalError("connection refused")})


def publish(settings: Settings, sent: list[Sent]) -> None:
    producer = Producer(client_config(settings))
    for message in sent:
        producer.produce(message.topic.value, message.value, partition=message.partition)
    assert producer.flush(10) == 0


@contextmanager
def running(settings: Settings, client: FakeClient) -> Iterator[Loader]:
    loader = Loader(settings, client, CODEC, {topic: f"id-of-{topic.value}" for topic in Topic})
    loader._settings = settings.model_copy(update={"insert_rows": 10})
    stop = threading.Event()
    thread = threading.Thread(target=loader.run, args=(stop,))
    thread.start()
    try:
        yield loader
    finally:
        stop.set()
        thread.join()


def partitions(loader: Loader) -> int:
    return len(loader._source.assignment())


def test_what_was_paused_is_read_again_after_partitions_went_and_came_back(
    kafka: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks.loader, "_HOLD_S", 0.05)
    monkeypatch.setattr(sinks.loader, "_LEAVE_S", 0.1)
    monkeypatch.setattr(sinks.loader, "STOP_GRACE_S", 0.1)
    settings = kafka.model_copy(update={"insert_age_ms": 50, "group_session_timeout_s": 2})
    publish(settings, RUN)
    client = FakeClient(AWAY)

    def is_paused(loader: Loader) -> Callable[[], bool]:
        return lambda: loader._paused

    with running(settings, client) as stays:
        wait_until(is_paused(stays), "reading is paused")
        everything = partitions(stays)
        with running(settings, FakeClient(AWAY)) as goes:
            wait_until(lambda: 0 < partitions(goes) < everything, "the second has its share")
        wait_until(lambda: partitions(stays) == everything, "the first has all again")
        client.faults = Faults()
        assert stays.wait_until_caught_up(30)
        assert stays.loaded.messages >= len(RUN)
