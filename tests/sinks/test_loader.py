"""The loader against a log and a client that fail on command."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from confluent_kafka import KafkaError, KafkaException
from tenacity import RetryCallState, Retrying

import sinks.block
import sinks.insert
import sinks.loader
import sinks.saver
from events.codec import Codec
from events.errors import DeadLetterLimit, Retry, ServerMissing, Stop
from events.metrics import BLOCK_BYTES
from events.settings import Settings
from events.topics import Topic
from sinks.insert import Inserter
from sinks.loader import Loader
from tests.sinks.fakes import FakeClient, FakeMessage, FakeSource, Faults, Killed, Log, Step
from tests.sinks.made import CODEC, Sent, org, run_of

RUN = run_of(org(people=4, batches_each=6), partitions=2, take=3)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks.loader, "_AWAY_S", 0.01)
    monkeypatch.setattr(sinks.loader, "_HOLD_S", 0.02)
    monkeypatch.setattr(sinks.saver, "_COMMIT_AGAIN_S", 0.01)
    monkeypatch.setattr(sinks.insert, "_FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(sinks.insert, "_LONGEST_WAIT_S", 0.02)
    monkeypatch.setattr(sinks.insert, "_JITTER_S", 0.01)
    monkeypatch.setattr(sinks.insert, "STOP_GRACE_S", 0.1)


def _settings(**changed: Any) -> Settings:
    return Settings(**{"insert_rows": 1_000, "insert_age_ms": 10, **changed})


def _loader(source: FakeSource, client: FakeClient, codec: Codec = CODEC, **changed: Any) -> Loader:
    ids = {topic: f"id-of-{topic.value}" for topic in Topic}
    ends = source.log.ends
    return Loader(_settings(**changed), client, codec, ids, source=source, ends=ends)


def _run_until(loader: Loader, done: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Run the loader until ``done`` and stop it; what it raises is raised here."""
    stop = threading.Event()

    def watch() -> None:
        until_s = time.monotonic() + timeout_s
        while not (stop.is_set() or done()) and time.monotonic() < until_s:
            time.sleep(0.005)
        stop.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        loader.run(stop)
    finally:
        stop.set()
        watcher.join()


def _in_small_blocks(loader: Loader) -> Loader:
    """Insert after every few rows, less than a person may set."""
    loader._settings = loader._settings.model_copy(update={"insert_rows": 5})
    return loader


def _load(log: Log, client: FakeClient, faults: Faults | None = None, **changed: Any) -> Loader:
    source = FakeSource(log, faults or Faults())
    loader = _loader(source, client, **changed)
    _run_until(loader, log.is_saved)
    return loader


@pytest.fixture(scope="module")
def truth() -> Mapping[str, set[str]]:
    client = FakeClient()
    log = Log.of(RUN)
    _load(log, client)
    assert log.is_saved()
    return client.rows()


def _unreachable() -> Exception:
    return OperationalError("no route")


def test_everything_is_inserted_once_and_committed(truth: Mapping[str, set[str]]) -> None:
    client, log = FakeClient(), Log.of(RUN)
    loader = _load(log, client)
    assert client.rows() == truth
    assert loader.loaded.messages == len(RUN)
    inserted = sum(rows.num_rows for _, rows in client.inserted)
    assert inserted == sum(loader.loaded.rows.values())


CRASHES: list[Step] = [
    *[("poll", number, "before") for number in (1, 5, 10, 20)],
    *[
        (what, number, when)
        for what in ("insert", "commit")
        for number in (1, 2, 3, 4)
        for when in ("before", "after")
    ],
]


@pytest.mark.parametrize("crash", CRASHES, ids=str)
def test_a_kill_at_any_step_and_a_restart_give_the_same_tables(
    crash: Step, truth: Mapping[str, set[str]]
) -> None:
    log, client = Log.of(RUN), FakeClient()
    client.faults = faults = Faults({crash: Killed()})
    loader = _in_small_blocks(_loader(FakeSource(log, faults), client))
    with pytest.raises(Killed):
        _run_until(loader, log.is_saved)
    client.faults = Faults()
    _load(log, client)
    assert log.is_saved()
    assert client.rows() == truth


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_failed_insert_is_sent_again_as_it_was(when: str, truth: Mapping[str, set[str]]) -> None:
    log = Log.of(RUN)
    client = FakeClient(Faults({("insert", 2, when): _unreachable()}))
    _load(log, client)
    assert client.rows() == truth
    if when == "after":
        second, third = client.inserted[1], client.inserted[2]
        assert second[0] == third[0] and second[1].equals(third[1])


def test_nothing_is_committed_before_it_is_inserted() -> None:
    log = Log.of(RUN)
    client = FakeClient(Faults(always={"insert": _unreachable()}))
    with pytest.raises(Stop, match="took no rows"):
        _load(log, client, insert_give_up_s=0.2)
    assert log.committed == {}


def test_what_a_purpose_got_is_inserted_before_its_account() -> None:
    client = FakeClient()
    _load(Log.of(RUN), client, insert_age_ms=600)
    order = [table for table, _ in client.inserted]
    first_account = order.index("governance.accounting")
    assert "training.interactions" in order[:first_account]
    assert "analytics.window_partials" in order[:first_account]


def test_a_failed_commit_is_tried_again() -> None:
    log = Log.of(RUN)
    fault = KafkaException(KafkaError(KafkaError._TRANSPORT))
    faults = Faults({("commit", 1, "before"): fault, ("commit", 2, "before"): fault})
    _load(log, FakeClient(), faults)
    assert log.is_saved()


def test_an_undecodable_message_harms_only_itself(truth: Mapping[str, set[str]]) -> None:
    bad = Sent(Topic.TRAINING, 1, b"\xc3\x01secret", time_ms=77)
    log, client = Log.of([RUN[0], bad, *RUN[1:]]), FakeClient()
    _load(log, client)
    rows = client.rows()
    extra = rows["governance.dead_letters"] - truth["governance.dead_letters"]
    assert len(extra) == 1
    letter = extra.pop()
    assert "'topic': 'interactions.agent_training'" in letter
    assert "id-of-interactions.agent_training" in letter
    assert "'partition': 1, 'offset': 0, 'reason': 'undecodable'" in letter
    assert "secret" not in repr(rows)
    assert rows["training.interactions"] == truth["training.interactions"]


def test_too_many_bad_messages_in_a_row_stop_the_loader() -> None:
    log = Log.of([Sent(Topic.TRAINING, 0, b"bad")] * 5)
    with pytest.raises(DeadLetterLimit, match=r"3 messages in a row of interactions.agent_tr"):
        _load(log, FakeClient(), dead_letter_limit=3)


def test_a_good_message_ends_a_row_of_bad_ones() -> None:
    good = next(message for message in RUN if message.topic is Topic.TRAINING)
    bad = Sent(good.topic, good.partition, b"bad")
    log = Log.of([bad, bad, good, bad, bad, good])
    _load(log, FakeClient(), dead_letter_limit=3)
    assert log.is_saved()


def test_an_error_that_stays_stops_at_once_and_says_what_to_do() -> None:
    fault = DatabaseError("Table nope", code=60, name="UNKNOWN_TABLE")
    client = FakeClient(Faults(always={"insert": fault}))
    with pytest.raises(Stop, match=r"error 60 UNKNOWN_TABLE.*glasshouse migrate"):
        _load(Log.of(RUN), client)
    assert client.faults.counts["insert"] == 1


def test_during_an_outage_reading_pauses_and_polling_goes_on(
    truth: Mapping[str, set[str]],
) -> None:
    log, client = Log.of(RUN), FakeClient(Faults(always={"insert": _unreachable()}))
    source = FakeSource(log)
    loader = _in_small_blocks(_loader(source, client))

    def recover() -> bool:
        if source.pauses and source.faults.counts["poll"] > 200:
            client.faults = Faults()
        return log.is_saved()

    _run_until(loader, recover)
    assert source.pauses == 1
    assert client.rows() == truth


@pytest.mark.parametrize("how", ["revoke", "lost"])
def test_partitions_that_come_back_after_a_rebalance_in_an_outage_are_read_again(
    truth: Mapping[str, set[str]], how: str
) -> None:
    log, client = Log.of(RUN), FakeClient(Faults(always={"insert": _unreachable()}))
    source = FakeSource(log)
    loader = _in_small_blocks(_loader(source, client))
    real_poll = source.poll

    def poll(timeout: float) -> FakeMessage | None:
        if source.pauses == 1 and client.faults.always:
            client.faults = Faults()
            source.rebalance(how)
        return real_poll(timeout)

    source.poll = poll  # type: ignore[method-assign]
    _run_until(loader, log.is_saved)
    assert client.rows() == truth


def test_by_default_an_outage_is_waited_for_without_an_end() -> None:
    assert Settings().insert_give_up_s == 0
    client = FakeClient(Faults(always={"insert": _unreachable()}))
    inserter = Inserter(client, give_up_s=0)
    state = RetryCallState(Retrying(), None, (), {})
    state.outcome_timestamp = state.start_time + 10 * 24 * 3_600
    assert not inserter._is_over(state)


def test_rebalances_during_an_outage_leave_one_block_behind_not_one_each(
    truth: Mapping[str, set[str]],
) -> None:
    log, client = Log.of(RUN), FakeClient(Faults(always={"insert": _unreachable()}))
    source = FakeSource(log)
    loader = _in_small_blocks(_loader(source, client))
    submitted = launches(loader)
    real_poll = source.poll

    def poll(timeout: float) -> FakeMessage | None:
        if source.faults.counts.get("poll", 0) % 20 == 19:
            source.rebalance("lost")
            assert sum(not future.done() for future in submitted) <= 1
        return real_poll(timeout)

    source.poll = poll  # type: ignore[method-assign]

    def recover() -> bool:
        if source.faults.counts.get("poll", 0) > 200:
            client.faults = Faults()
            source.poll = real_poll  # type: ignore[method-assign]
        return log.is_saved()

    _run_until(loader, recover)
    assert len(submitted) > 3
    assert client.rows() == truth


def launches(loader: Loader) -> list[Future[None]]:
    """What is handed to the thread that inserts, from now on."""
    found: list[Future[None]] = []
    submit = loader._saver._thread.submit

    def noted(*call: Any) -> Future[None]:
        found.append(submit(*call))
        return found[-1]

    loader._saver._thread.submit = noted  # type: ignore[method-assign,assignment]
    return found


def test_a_block_is_full_by_its_bytes_too(
    truth: Mapping[str, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks.block, "MOST_BYTES", 1_000)
    log, client = Log.of(RUN), FakeClient(Faults(always={"insert": _unreachable()}))
    source = FakeSource(log)
    loader = _loader(source, client, insert_rows=5_000_000, insert_age_ms=10)
    held: list[float] = []

    def recover() -> bool:
        held.append(BLOCK_BYTES._value.get())
        if source.pauses:
            client.faults = Faults()
        return log.is_saved()

    monkeypatch.setattr(sinks.saver, "_LOOK_S", 0.0)
    _run_until(loader, recover)
    assert source.pauses, "two blocks were full, and reading paused"
    largest = max(rows.nbytes for _, rows in client.inserted)
    assert 1_000 < max(held) < 2 * (1_000 + 4 * largest)
    assert client.rows() == truth


def test_a_stop_during_an_outage_ends_soon_and_commits_nothing() -> None:
    log, client = Log.of(RUN), FakeClient(Faults(always={"insert": _unreachable()}))
    loader = _loader(FakeSource(log), client)
    started_s = time.monotonic()
    _run_until(loader, lambda: client.faults.counts.get("insert", 0) > 3)
    assert time.monotonic() - started_s < 5
    assert log.committed == {}


def test_revoked_partitions_are_saved_before_they_go(truth: Mapping[str, set[str]]) -> None:
    log, client = Log.of(RUN), FakeClient()
    source = FakeSource(log)
    loader = _loader(source, client, insert_age_ms=600_000)
    real_poll = source.poll

    def poll(timeout: float) -> FakeMessage | None:
        if source.faults.counts.get("poll") == 9:
            source.rebalance()
            assert sum(log.committed.values()) == loader.loaded.messages > 0
        return real_poll(timeout)

    source.poll = poll  # type: ignore[method-assign]
    _run_until(loader, lambda: source.faults.counts.get("poll", 0) > 60)
    assert client.rows() == truth
    assert loader.loaded.messages == len(RUN)


def test_of_lost_partitions_nothing_is_committed_and_all_is_read_again(
    truth: Mapping[str, set[str]],
) -> None:
    log, client = Log.of(RUN), FakeClient()
    source = FakeSource(log)
    loader = _loader(source, client, insert_age_ms=600_000)
    real_poll = source.poll

    def poll(timeout: float) -> FakeMessage | None:
        if source.faults.counts.get("poll") == 9:
            source.rebalance("lost")
            assert log.committed == {}
        return real_poll(timeout)

    source.poll = poll  # type: ignore[method-assign]
    _run_until(loader, lambda: source.faults.counts.get("poll", 0) > 60)
    assert client.rows() == truth
    assert log.is_saved()


class _Away(Codec):
    """A codec whose registry is away for the first ``tries``."""

    tries = 3

    def decode(self, name: str, message: bytes | None) -> dict[str, Any]:
        self.tries -= 1
        if self.tries >= 0:
            raise Retry("away")
        return Codec.decode(self, name, message)


def test_while_the_registry_is_away_the_message_waits(truth: Mapping[str, set[str]]) -> None:
    log, client = Log.of(RUN), FakeClient()
    _run_until(_loader(FakeSource(log), client, _Away()), log.is_saved)
    assert client.rows() == truth


def test_a_registry_that_stays_away_ends_the_loader() -> None:
    codec = _Away()
    codec.tries = 10**9
    loader = _loader(FakeSource(Log.of(RUN)), FakeClient(), codec, server_timeout_s=0.1)
    with pytest.raises(ServerMissing, match=r"away, for 0.1 s.*glasshouse load"):
        _run_until(loader, lambda: False)


def test_caught_up_means_inserted_and_committed() -> None:
    log, client = Log.of(RUN), FakeClient(Faults(always={"insert": _unreachable()}))
    source = FakeSource(log)
    loader = _loader(source, client)
    assert not loader.caught_up()
    seen: list[bool] = []

    def watch() -> bool:
        if len(source.ended) == len(log.messages) and client.faults.always:
            seen.append(loader.caught_up() or loader.wait_until_caught_up(0.05))
            client.faults = Faults()
            seen.append(loader.wait_until_caught_up(5))
            seen.append(loader.caught_up())
        return len(seen) == 3

    _run_until(loader, watch)
    assert seen == [False, True, True]


@pytest.mark.parametrize("code", [KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._TRANSPORT])
def test_a_broker_error_stops_only_where_waiting_does_not_help(code: int) -> None:
    log = Log.of(RUN)
    source = FakeSource(log)
    trouble = [FakeMessage((Topic.TRAINING, 0), 0, None, fault=KafkaError(code))]
    real_poll = source.poll
    source.poll = lambda timeout: trouble.pop() if trouble else real_poll(timeout)  # type: ignore[method-assign]
    loader = _loader(source, FakeClient())
    if code == KafkaError._TRANSPORT:
        _run_until(loader, log.is_saved)
        assert log.is_saved()
    else:
        with pytest.raises(Stop, match="Kafka refuses"):
            _run_until(loader, log.is_saved)
