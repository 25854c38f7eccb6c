"""The reader of secrets: current only after everything has been read, as the ledger's is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from events.clock import FixedClock
from events.codec import Codec
from events.errors import ServerMissing
from events.settings import Settings
from events.subject_secret import FORGOTTEN, SCHEMA
from streams.secrets import Secrets
from streams.secrets_reader import SecretsReader
from tests.kit.secrets import records_of
from tests.strategies import NOW_MS, SEALING, SUBJECTS
from tests.streams.test_ledger_reader import FakeBroker, FakeConsumer, RunningClock, until

ANNA, BEN = SUBJECTS[:2]
((KEY, VALUE),) = records_of([ANNA], SEALING).items()


@contextmanager
def reading(
    broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[SecretsReader, FixedClock]]:
    monkeypatch.setattr("streams.proved_reader.Consumer", lambda config: FakeConsumer(broker))
    clock = FixedClock(NOW_MS)
    settings = Settings(kafka_servers="nowhere:1")
    reader = SecretsReader(settings, Codec(), clock, secrets=Secrets())
    reader.start()
    try:
        yield reader, clock
    finally:
        reader.stop()
    assert not reader.is_current()


def has_secret(reader: SecretsReader, subject: str = ANNA) -> bool:
    return subject in reader.secrets.known([subject], SEALING)


def test_it_is_not_current_before_the_end_has_been_read(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker(held_back=True)
    broker.write(KEY, VALUE)
    with reading(broker, monkeypatch) as (reader, _):
        assert not reader.is_current()
        broker.held_back = False
        assert until(reader.is_current)
        assert has_secret(reader)
        assert not has_secret(reader, BEN)


@pytest.mark.parametrize("value", [None, Codec().encode(SCHEMA, FORGOTTEN), b"broken"])
def test_a_secret_that_is_deleted_forgotten_or_unreadable_is_gone(
    monkeypatch: pytest.MonkeyPatch, value: bytes | None
) -> None:
    broker = FakeBroker()
    broker.write(KEY, VALUE)
    with reading(broker, monkeypatch) as (reader, _):
        assert until(lambda: has_secret(reader))
        broker.write(KEY, value)
        assert until(lambda: not has_secret(reader))


def test_it_goes_stale_while_the_broker_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    with reading(broker, monkeypatch) as (reader, clock):
        assert until(reader.is_current)
        broker.away = True
        clock.at_ms += reader.settings.ledger_max_age_ms + 1
        assert until(lambda: not reader.is_current())


def test_waiting_for_it_ends_at_the_give_up_time_and_nothing_has_passed() -> None:
    settings = Settings(server_timeout_s=3)
    reader = SecretsReader(settings, Codec(), RunningClock(), secrets=Secrets())
    with pytest.raises(ServerMissing, match=r"subject_secrets.*nothing was passed on"):
        asyncio.run(reader.current())
