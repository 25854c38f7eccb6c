"""The stand-in does what ClickHouse's HTTP interface does, as far as it says so."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from tests.kit.clickhouse_process import ClickHouseOverHttp
from tests.kit.http_endpoint import NAME
from tests.kit.http_faults import Fault

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseOverHttp]:
    where = tmp_path_factory.mktemp("kit") / "data"
    users = ("default::", "eve:right:")
    with ClickHouseOverHttp(where, users=users) as clickhouse:
        client = _client(clickhouse)
        client.command("CREATE TABLE numbers_seen (n UInt32) ENGINE = MergeTree ORDER BY n")
        client.close()
        yield clickhouse


@pytest.fixture
def clickhouse(started: ClickHouseOverHttp) -> ClickHouseOverHttp:
    started.fail()
    return started


def _client(clickhouse: ClickHouseOverHttp, **changed: Any) -> Any:
    port = int(clickhouse.url.rsplit(":", 1)[1])
    return clickhouse_connect.get_client(
        **{"host": "127.0.0.1", "port": port, "autogenerate_session_id": False, **changed}
    )


def _ask(
    clickhouse: ClickHouseOverHttp, body: bytes, method: str = "POST", **url: str
) -> tuple[http.client.HTTPResponse, bytes]:
    path = url.pop("path", "/")
    with closing(_connection(clickhouse)) as connection:
        connection.request(method, f"{path}?{urlencode(url)}", body)
        answer = connection.getresponse()
        return answer, answer.read()


def _connection(clickhouse: ClickHouseOverHttp) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(clickhouse.url.removeprefix("http://"), timeout=10)


def test_every_answer_says_that_it_is_no_clickhouse_server(clickhouse: ClickHouseOverHttp) -> None:
    answer, _ = _ask(clickhouse, b"SELECT 1")
    assert answer.headers["X-ClickHouse-Server-Display-Name"] == NAME
    assert "not a ClickHouse server" in NAME


def test_it_answers_a_ping(clickhouse: ClickHouseOverHttp) -> None:
    assert _ask(clickhouse, b"", "GET", path="/ping")[1] == b"Ok.\n"


@pytest.mark.parametrize("method", [False, "lz4", "zstd", "gzip"])
def test_rows_go_in_and_come_out_under_every_compression(
    clickhouse: ClickHouseOverHttp, method: str | bool
) -> None:
    client = _client(clickhouse, compress=method)
    client.command("TRUNCATE TABLE numbers_seen")
    written = client.insert("numbers_seen", [[n] for n in range(5_000)], column_names=["n"])
    assert written.written_rows == 5_000
    found = client.query("SELECT n FROM numbers_seen ORDER BY n")
    assert [row[0] for row in found.result_rows] == list(range(5_000))
    assert int(found.summary["read_rows"]) == 5_000
    client.close()


def test_a_large_answer_is_smaller_when_it_is_compressed(clickhouse: ClickHouseOverHttp) -> None:
    sizes = []
    with closing(_connection(clickhouse)) as connection:
        for asked in ("0", "1"):
            url = f"/?enable_http_compression={asked}"
            body = b"SELECT 1 FROM numbers(100000)"
            connection.request("POST", url, body, {"Accept-Encoding": "zstd"})
            answer = connection.getresponse()
            sizes.append(len(answer.read()))
            assert answer.headers.get("Content-Encoding") == ("zstd" if asked == "1" else None)
    assert sizes[1] * 100 < sizes[0]


def test_get_only_reads(clickhouse: ClickHouseOverHttp) -> None:
    answer, text = _ask(clickhouse, b"", "GET", query="INSERT INTO numbers_seen SELECT 1")
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "164")
    assert b"READONLY" in text


def test_settings_and_parameters_stand_in_the_url(clickhouse: ClickHouseOverHttp) -> None:
    _, text = _ask(
        clickhouse,
        b"",
        "GET",
        query="SELECT {n:UInt32} + 1, getSetting('max_threads')",
        param_n="41",
        max_threads="3",
        default_format="JSONCompactEachRow",
    )
    assert json.loads(text) == [42, 3]


def test_a_setting_lasts_for_one_statement(clickhouse: ClickHouseOverHttp) -> None:
    _ask(clickhouse, b"SELECT 1", max_threads="3")
    assert _ask(clickhouse, b"SELECT getSetting('max_threads') = 3")[1] == b"0\n"


def test_there_are_no_sessions(clickhouse: ClickHouseOverHttp) -> None:
    assert _ask(clickhouse, b"SELECT 1", session_id="s")[0].status == 400


@pytest.mark.parametrize(("user", "password"), [("eve", "wrong"), ("eve", ""), ("adam", "right")])
def test_a_wrong_password_and_a_stranger_are_refused(
    clickhouse: ClickHouseOverHttp, user: str, password: str
) -> None:
    with pytest.raises(DatabaseError) as found:
        _client(clickhouse, username=user, password=password)
    assert found.value.code == 516
    _client(clickhouse, username="eve", password="right").close()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("drop"), None),
        (Fault("status", status=500), None),
        (Fault("status", status=503), None),
        (Fault("error", code=241), 241),
        (Fault("cut_answer"), None),
        (Fault("silence_before"), None),
        (Fault("silence_after"), None),
    ],
    ids=str,
)
def test_a_statement_fails_as_it_was_told_to_and_the_next_does_not(
    clickhouse: ClickHouseOverHttp, fault: Fault, code: int | None
) -> None:
    client = _client(clickhouse, query_retries=0)
    client.command("TRUNCATE TABLE numbers_seen")
    clickhouse.fail(Fault(**{**_fields(fault), "within": "INSERT INTO numbers_seen"}))
    with pytest.raises((DatabaseError, OperationalError)) as found:
        client.command("INSERT INTO numbers_seen VALUES (1)")
    assert getattr(found.value, "code", None) == code
    done = fault.kind in ("cut_answer", "silence_after")
    assert client.command("SELECT count() FROM numbers_seen") == int(done)
    assert clickhouse.met() == {fault.kind: 1, "none": 1}
    client.close()


def _fields(fault: Fault) -> dict[str, Any]:
    return {name: getattr(fault, name) for name in fault.__slots__}


def test_it_refuses_connections_until_it_is_told_to_take_them(
    clickhouse: ClickHouseOverHttp,
) -> None:
    clickhouse.refuse_connections()
    try:
        with pytest.raises(ConnectionRefusedError):
            _ask(clickhouse, b"SELECT 1")
    finally:
        clickhouse.take_connections()
    assert _ask(clickhouse, b"SELECT 1")[1] == b"1\n"


def test_what_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    with ClickHouseOverHttp(tmp_path / "data") as killed:
        for statement in (
            b"CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n",
            b"INSERT INTO t SELECT number FROM numbers(1000)",
        ):
            assert _ask(killed, statement)[0].status == 200
        killed.kill()
        killed.start()
        assert _ask(killed, b"SELECT count() FROM t")[1] == b"1000\n"
