"""The loader over HTTP against an endpoint that fails in each way: nothing lost, nothing doubled.

The endpoint is the embedded engine behind HTTP, not a ClickHouse server (``tests/kit``)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

import sinks.insert
import sinks.warehouse
from events.errors import Stop
from events.metrics import INSERT_RETRIES
from events.settings import Settings
from events.topics import Topic
from sinks.decode import TABLES
from sinks.loader import Loader
from sinks.migrate import migrate
from sinks.prove import prove
from sinks.sql import Placement
from sinks.views import create_views
from sinks.warehouse import Warehouse, open_warehouse
from tests.kit.clickhouse_process import ClickHouseOverHttp
from tests.kit.http_faults import Fault
from tests.sinks.fakes import FakeSource, Log
from tests.sinks.made import CODEC, org, run_of

pytestmark = pytest.mark.service

RUN = run_of(org(people=4, batches_each=6), partitions=2, take=3)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks.insert, "_FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(sinks.insert, "_LONGEST_WAIT_S", 0.05)
    monkeypatch.setattr(sinks.insert, "_JITTER_S", 0.01)
    monkeypatch.setattr(sinks.insert, "STOP_GRACE_S", 0.5)


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseOverHttp]:
    """The endpoint, with the tables and views."""
    with ClickHouseOverHttp(tmp_path_factory.mktemp("loader") / "data") as started:
        with open_warehouse(Settings(clickhouse_url=started.url)) as opened:
            migrate(opened.client)
            create_views(opened.client, Placement())
        yield started


@pytest.fixture
def warehouse(clickhouse: ClickHouseOverHttp) -> Iterator[Warehouse]:
    """Empty tables."""
    clickhouse.fail()
    with open_warehouse(Settings(clickhouse_url=clickhouse.url)) as opened:
        for table in TABLES:
            opened.client.command(f"TRUNCATE TABLE {table}")
        yield opened
        clickhouse.fail()


@pytest.fixture
def fault(clickhouse: ClickHouseOverHttp, warehouse: Warehouse, how: str, table: str) -> Fault:
    """What the next inserts into ``table`` meet."""
    fault = replace(FAULTS[how], within=f"{INTO} {table}")
    clickhouse.fail(fault)
    return fault


@pytest.fixture
def loading(
    clickhouse: ClickHouseOverHttp, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Warehouse]:
    """What the loader uses. It gives up on an answer soon where a late one is the fault: elsewhere
    a busy machine would be one."""
    if fault.seconds > HURRIED_S:
        monkeypatch.setattr(sinks.warehouse, "_ANSWER_S", HURRIED_S)
    with open_warehouse(Settings(clickhouse_url=clickhouse.url)) as opened:
        yield opened


def _load(warehouse: Warehouse, log: Log, while_it_runs: Callable[[], object] = int) -> None:
    """Load ``log`` to its end, in small blocks."""
    settings = Settings(insert_rows=1_000, insert_age_ms=10, insert_give_up_s=30)
    ids = {topic: f"id-of-{topic.value}" for topic in Topic}
    source = FakeSource(log)
    loader = Loader(settings, warehouse.client, CODEC, ids, source=source, ends=log.ends)
    loader._settings = settings.model_copy(update={"insert_rows": 10})
    stop = threading.Event()

    def watch() -> None:
        while_it_runs()
        until_s = time.monotonic() + 40
        while not (stop.is_set() or log.is_saved()) and time.monotonic() < until_s:
            time.sleep(0.01)
        stop.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        loader.run(stop)
    finally:
        stop.set()
        watcher.join()


def _contents(warehouse: Warehouse) -> dict[str, list[Any]]:
    return {
        table: list(warehouse.client.query(f"SELECT * FROM {table} FINAL ORDER BY ALL").result_rows)
        for table in TABLES
    }


@pytest.fixture(scope="module")
def truth(clickhouse: ClickHouseOverHttp) -> Mapping[str, list[Any]]:
    """The tables after a run without a fault."""
    with open_warehouse(Settings(clickhouse_url=clickhouse.url)) as opened:
        log = Log.of(RUN)
        _load(opened, log)
        assert log.is_saved()
        return _contents(opened)


def _retries() -> float:
    return sum(
        sample.value
        for metric in INSERT_RETRIES.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    )


INTO = "INSERT INTO"
HURRIED_S = 2
FAULTS = {
    "connection closed before": Fault("drop", INTO, times=3),
    "500": Fault("status", INTO, times=3, status=500),
    "503": Fault("status", INTO, times=3, status=503),
    "memory limit": Fault("error", INTO, times=3, code=241),
    "too many parts": Fault("error", INTO, times=3, code=252),
    "too many simultaneous queries": Fault("error", INTO, times=3, code=202),
    "done, then no answer": Fault("silence_after", INTO, times=3, seconds=0.1),
    "done, then silent for longer than the client waits": Fault("silence_after", INTO, seconds=4),
    "done, answer cut": Fault("cut_answer", INTO, times=3),
    "slow": Fault("slow", INTO, times=3, seconds=0.2),
    "slower than the client waits": Fault("slow", INTO, seconds=3),
}


@pytest.mark.parametrize("how", FAULTS)
@pytest.mark.parametrize("table", ["training.interactions", "governance.accounting"])
def test_rows_are_exact_and_repeats_counted_however_an_insert_fails(
    warehouse: Warehouse,
    loading: Warehouse,
    clickhouse: ClickHouseOverHttp,
    truth: Mapping[str, list[Any]],
    fault: Fault,
) -> None:
    is_late = fault.seconds > HURRIED_S
    log, before = Log.of(RUN), _retries()
    _load(loading, log)
    if is_late:
        time.sleep(fault.seconds)  # what was given up on is done in the end
    assert log.is_saved()
    assert clickhouse.met()[fault.kind] == fault.times
    assert _retries() - before == (0 if fault.kind == "slow" and not is_late else fault.times)
    assert _contents(warehouse) == truth
    checks, _ = prove(warehouse.client, Settings())
    assert [check.name for check in checks if not check.ok] == []


def test_rows_are_exact_after_a_time_in_which_connections_are_refused(
    warehouse: Warehouse, clickhouse: ClickHouseOverHttp, truth: Mapping[str, list[Any]]
) -> None:
    def outage() -> None:
        time.sleep(0.05)
        clickhouse.refuse_connections()
        time.sleep(0.7)
        clickhouse.take_connections()

    log, before = Log.of(RUN), _retries()
    clickhouse.fail(Fault("slow", INTO, times=1, seconds=0.3))
    _load(warehouse, log, outage)
    assert log.is_saved()
    assert _retries() > before
    assert _contents(warehouse) == truth


def test_rows_are_exact_after_the_endpoint_was_killed_and_started_again(
    warehouse: Warehouse, clickhouse: ClickHouseOverHttp, truth: Mapping[str, list[Any]]
) -> None:
    def outage() -> None:
        time.sleep(0.1)
        clickhouse.kill()
        time.sleep(0.3)
        clickhouse.start()

    log, before = Log.of(RUN), _retries()
    clickhouse.fail(Fault("slow", INTO, times=1, seconds=0.5))
    _load(warehouse, log, outage)
    assert log.is_saved()
    assert _retries() > before
    assert _contents(warehouse) == truth


@pytest.mark.parametrize(
    ("code", "hint"), [(497, "Check the user's rights"), (60, "glasshouse migrate")]
)
def test_an_error_that_stays_ends_the_loader_at_once_and_commits_nothing(
    warehouse: Warehouse, clickhouse: ClickHouseOverHttp, code: int, hint: str
) -> None:
    clickhouse.fail(Fault("error", INTO, times=100, code=code))
    log = Log.of(RUN)
    with pytest.raises(Stop, match=f"error {code}.*{hint}"):
        _load(warehouse, log)
    assert log.committed == {}
    assert clickhouse.met()["error"] == 1
