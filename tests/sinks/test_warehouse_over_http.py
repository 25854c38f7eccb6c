"""Opening a warehouse over HTTP: a server that is away, comes back, or refuses."""

from __future__ import annotations

import socket
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from events.errors import ServerMissing, SettingsError, Stop
from events.settings import Settings
from sinks.prepare import require_tables
from sinks.warehouse import open_warehouse
from tests.kit.clickhouse_process import ClickHouseOverHttp
from tests.kit.http_faults import Fault


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseOverHttp]:
    where = tmp_path_factory.mktemp("warehouse") / "data"
    with ClickHouseOverHttp(where, users=("loader:right:",)) as started:
        yield started


def _settings(url: str, password: str = "right", **changed: Any) -> Settings:
    return Settings(
        clickhouse_url=url,
        clickhouse_user="loader",
        clickhouse_password=SecretStr(password),
        **{"server_timeout_s": 20, **changed},
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_server_that_is_not_there_is_given_up_after_the_time_that_was_set() -> None:
    url, waits = f"http://127.0.0.1:{_free_port()}", list[float]()
    started_s = time.monotonic()
    with (
        pytest.raises(ServerMissing) as found,
        open_warehouse(_settings(url, server_timeout_s=1.2), waits.append),
    ):
        pass
    assert 1.2 <= time.monotonic() - started_s < 4
    assert str(found.value).startswith(
        f"ClickHouse at {url} did not answer in 1.2 s. Is it running?"
    )
    assert waits and waits == sorted(waits)


@pytest.mark.service
@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_stops_at_once_and_says_what_to_set(
    clickhouse: ClickHouseOverHttp, password: str
) -> None:
    with (
        pytest.raises(Stop, match="refused the user or password"),
        open_warehouse(_settings(clickhouse.url, password)),
    ):
        pass


@pytest.mark.service
def test_no_password_is_ever_in_an_error(clickhouse: ClickHouseOverHttp) -> None:
    password = "-".join(["hunter", "2"])
    with pytest.raises(Stop) as found, open_warehouse(_settings(clickhouse.url, password)):
        pass
    assert password not in "".join(traceback.format_exception(found.value))


@pytest.mark.service
def test_a_server_that_comes_back_in_time_is_used(clickhouse: ClickHouseOverHttp) -> None:
    clickhouse.refuse_connections()
    timer = threading.Timer(1.0, clickhouse.take_connections)
    timer.start()
    waits: list[float] = []
    with open_warehouse(_settings(clickhouse.url), waits.append) as warehouse:
        assert warehouse.client.command("SELECT 1") == 1
    timer.join()
    assert waits


@pytest.mark.service
@pytest.mark.parametrize("status", [500, 503])
def test_a_gateway_without_a_server_behind_it_is_waited_for(
    clickhouse: ClickHouseOverHttp, status: int
) -> None:
    clickhouse.fail(Fault("status", times=3, status=status))
    with open_warehouse(_settings(clickhouse.url)) as warehouse:
        assert warehouse.client.command("SELECT 1") == 1
    assert clickhouse.met()["status"] == 3


@pytest.mark.service
def test_the_last_error_of_a_server_that_gives_none_other_is_named(
    clickhouse: ClickHouseOverHttp,
) -> None:
    clickhouse.fail(Fault("error", times=100, code=202))
    settings = _settings(clickhouse.url, server_timeout_s=0.5)
    with pytest.raises(ServerMissing, match="it answered with error 202"), open_warehouse(settings):
        pass
    clickhouse.fail()


@pytest.mark.service
def test_a_server_that_goes_away_once_it_was_reached_is_a_missing_server(
    clickhouse: ClickHouseOverHttp,
) -> None:
    with open_warehouse(_settings(clickhouse.url)) as warehouse:
        clickhouse.refuse_connections()
        try:
            with pytest.raises(ServerMissing, match="Start again when it is back"):
                require_tables(warehouse.client)
        finally:
            clickhouse.take_connections()
        with pytest.raises(Stop, match="glasshouse migrate"):
            require_tables(warehouse.client)


@pytest.mark.service
def test_a_client_outlives_an_outage(clickhouse: ClickHouseOverHttp) -> None:
    with open_warehouse(_settings(clickhouse.url)) as warehouse:
        clickhouse.kill()
        with pytest.raises(Exception, match="HTTP request"):
            warehouse.client.command("SELECT 1")
        clickhouse.start()
        assert warehouse.client.command("SELECT 1") == 1


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("clickhouse:8123", "must be http"),
        ("tcp://clickhouse:9000", "must be http"),
        ("http://", "must be http"),
        ("http://clickhouse:99999", "must be http"),
        ("http://user:word@clickhouse", "user and password belong in"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_before_anything_is_sent(url: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why) as found, open_warehouse(_settings(url)):
        pass
    assert "word@" not in str(found.value)
