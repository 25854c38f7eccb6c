"""What workers go by: the newest version that is signed as it must be, and never an older one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from prometheus_client import Gauge

from events.clock import FixedClock
from events.codec import Codec
from events.errors import PolicyRefused, ServerMissing
from events.metrics import POLICY_REFUSED, POLICY_VERSION
from events.policy_signature import SignedPolicy
from events.policy_topic import SCHEMA, from_record, key_of, to_record
from events.settings import Settings
from streams.policy_reader import PolicyReader
from tests.events.policies import EMPLOYEES, EMPLOYER, FIRST, NARROWER, WIDER, Pen, text
from tests.strategies import NOW_MS
from tests.streams.test_ledger_reader import FakeBroker, FakeConsumer, until

PEN, CODEC = Pen(), Codec()
V1 = PEN.signed(FIRST, EMPLOYER, EMPLOYEES)
V2 = PEN.signed(NARROWER, EMPLOYEES, before=FIRST)
V3 = PEN.signed(WIDER, EMPLOYER, EMPLOYEES, before=NARROWER)
UNSIGNED = PEN.signed(WIDER, EMPLOYER, before=NARROWER)


def write(broker: FakeBroker, *versions: SignedPolicy) -> None:
    for signed in versions:
        broker.write(key_of(signed), CODEC.encode(SCHEMA, to_record(signed)))


@contextmanager
def reading(
    broker: FakeBroker, monkeypatch: pytest.MonkeyPatch, **settings: object
) -> Iterator[tuple[PolicyReader, FixedClock]]:
    monkeypatch.setattr("streams.proved_reader.Consumer", lambda config: FakeConsumer(broker))
    clock = FixedClock(NOW_MS)
    own = {"kafka_servers": "nowhere:1", "server_timeout_s": 30, **settings}
    reader = PolicyReader(Settings.model_validate(own), CODEC, PEN.anchors, clock)
    try:
        yield reader, clock
    finally:
        reader.stop()


def value_of(gauge: Gauge) -> float:
    (metric,) = gauge.collect()
    return metric.samples[0].value


def in_force(reader: PolicyReader) -> int:
    return asyncio.run(reader.current()).policy.version


def test_a_record_says_what_it_was_made_of() -> None:
    for signed in (V1, V2, UNSIGNED):
        assert from_record(CODEC.decode(SCHEMA, CODEC.encode(SCHEMA, to_record(signed)))) == signed


def test_a_worker_starts_with_the_newest_version(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    write(broker, V1, V2, V3)
    with reading(broker, monkeypatch) as (reader, _):
        assert reader.start().version == 3
        assert in_force(reader) == 3
    assert value_of(POLICY_VERSION) == 3


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ((), "no policy is in force"),
        ((PEN.signed(FIRST, EMPLOYER),), "not signed by the employees' representatives"),
        ((PEN.signed(FIRST, EMPLOYEES),), "not signed by the employer"),
        ((V2,), "needs both signatures"),
        ((Pen().signed(FIRST, EMPLOYER, EMPLOYEES),), "not one by their key"),
    ],
)
def test_a_worker_does_not_start_without_a_policy_that_is_signed_as_it_must_be(
    monkeypatch: pytest.MonkeyPatch, versions: tuple[SignedPolicy, ...], said: str
) -> None:
    broker = FakeBroker()
    write(broker, *versions)
    with reading(broker, monkeypatch) as (reader, _), pytest.raises(PolicyRefused, match=said):
        reader.start()


def test_a_running_worker_takes_a_new_version(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    write(broker, V1)
    with reading(broker, monkeypatch) as (reader, _):
        assert reader.start().version == 1
        write(broker, V2)
        assert until(lambda: in_force(reader) == 2)
        write(broker, V3)
        assert until(lambda: in_force(reader) == 3)


@pytest.mark.parametrize(
    "wrong",
    [
        UNSIGNED,
        replace(V3, data=V3.data + b"# more\n"),
        V1,
        PEN.signed(text(5), EMPLOYER, EMPLOYEES, before=NARROWER),
        Pen().signed(WIDER, EMPLOYER, EMPLOYEES, before=NARROWER),
    ],
    ids=["one signature", "other bytes", "an older one", "a gap", "other keys"],
)
def test_a_running_worker_refuses_what_is_not_signed_and_goes_on_with_the_old(
    monkeypatch: pytest.MonkeyPatch, wrong: SignedPolicy
) -> None:
    said: list[str] = []
    log = SimpleNamespace(info=lambda *_, **__: None, error=lambda text, **_: said.append(text))
    monkeypatch.setattr("streams.policy_reader.log", log)
    broker, is_repeat = FakeBroker(), wrong is V1
    write(broker, V1, V2)
    with reading(broker, monkeypatch) as (reader, _):
        reader.start()
        write(broker, wrong)
        assert until(lambda: reader._reader._next_offset == 3)
        assert in_force(reader) == 2
        assert bool(reader.refusals) is not is_repeat
        assert value_of(POLICY_REFUSED) == len(reader.refusals)
        write(broker, V3)
        assert until(lambda: in_force(reader) == 3)
        assert value_of(POLICY_REFUSED) == 0
    assert said == ([] if is_repeat else ["policy refused, the one before stays in force"])


def test_an_older_version_that_is_published_again_hides_no_refusal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = FakeBroker()
    write(broker, V1, V2, UNSIGNED, V1)
    with reading(broker, monkeypatch) as (reader, _):
        assert reader.start().version == 2
        assert len(reader.refusals) == 1


def test_what_is_no_record_is_refused_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    write(broker, V1)
    for value in (b"", None, b"broken", CODEC.encode(SCHEMA, {**to_record(V2), "version": -1})):
        broker.write(b"2", value)
    odd = {**to_record(V2), "signatures": {"somebody": bytes(64)}}
    broker.write(b"2", CODEC.encode(SCHEMA, odd))
    with reading(broker, monkeypatch) as (reader, _):
        assert reader.start().version == 1
        assert len(reader.refusals) == 5


def test_deleting_the_newest_records_takes_nothing_back_from_a_running_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = FakeBroker()
    write(broker, V1, V2)
    with reading(broker, monkeypatch) as (reader, _):
        reader.start()
        broker.records[:] = broker.records[:1]
        write(broker, V1)
        time.sleep(0.05)
        assert reader.history.newest is not None
        assert reader.history.newest.policy.version == 2


def test_without_its_beginning_the_topic_yields_nothing_that_one_side_narrowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = FakeBroker(low=1)
    write(broker, V2)
    with reading(broker, monkeypatch) as (reader, _), pytest.raises(PolicyRefused):
        reader.start()


def test_nothing_is_judged_by_a_policy_that_was_not_proved_current_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = FakeBroker()
    write(broker, V1)
    with reading(broker, monkeypatch, server_timeout_s=0.2) as (reader, clock):
        reader.start()
        broker.away = True
        time.sleep(0.1)

        async def stale() -> None:
            clock.at_ms += reader.settings.ledger_max_age_ms + 1
            waiting = asyncio.ensure_future(reader.current())
            await asyncio.sleep(0.1)
            assert not waiting.done()
            clock.at_ms += 300
            await waiting

        with pytest.raises(ServerMissing, match="could not be proved current"):
            asyncio.run(stale())


def test_a_proof_is_as_old_as_its_question(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = FakeBroker()
    write(broker, V1)
    with reading(broker, monkeypatch) as (reader, clock):
        reader.start()
        found = asyncio.run(reader.current())
        assert found.proved_s == clock.monotonic_s()


def test_a_kafka_that_is_away_at_the_start_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        reading(FakeBroker(away=True), monkeypatch, server_timeout_s=0.1) as (reader, _),
        pytest.raises(ServerMissing, match="_TRANSPORT"),
    ):
        reader.start()
