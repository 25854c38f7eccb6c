"""ClickHouse, over HTTP or embedded in this process: one client interface, two transports."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from events.errors import DataDirError, ServerMissing, SettingsError, Stop
from events.settings import Settings
from sinks.data_dir import claimed, scratch_path, tables_path

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: Refused credentials: waiting would not help.
_REFUSED = frozenset({193, 194, 516})
#: Times are UTC whatever the server's or this machine's time zone.
_SESSION = {"session_timezone": "UTC"}
_RETRY_S = 0.5
#: Longest silence of a server in an answer. Then an insert is sent again, so it must be longer than
#: any insert takes; a question that takes longer keeps its connection awake by progress headers.
_ANSWER_S = 300


@dataclass(frozen=True, slots=True)
class Warehouse:
    """``client`` may be used by several threads: the embedded one takes one call at a time, the
    one over HTTP has a connection for each. ``another(settings)`` opens one more client with
    ClickHouse settings of its own; whoever asks for it closes it."""

    client: Client
    another: Callable[[Mapping[str, str]], Client]


@contextmanager
def open_warehouse(
    settings: Settings, on_wait: Callable[[float], None] = lambda waited_s: None
) -> Iterator[Warehouse]:
    """The ClickHouse that ``settings`` name. ``on_wait`` is told the seconds waited for a server.

    Raises ``DataDirError`` (embedded), ``ServerMissing`` after ``server_timeout_s``, and
    ``SettingsError`` for a wrong URL, user or password.
    """
    if settings.embedded_clickhouse:
        with _embedded(settings) as warehouse:
            yield warehouse
    else:
        arguments = _http_arguments(settings)

        def another(own: Mapping[str, str]) -> Client:
            return _connect(settings={**_SESSION, **own}, **arguments)

        client = _wait_for(settings, lambda: another({}), on_wait)
        try:
            yield Warehouse(client, another)
        finally:
            client.close()


@contextmanager
def _embedded(settings: Settings) -> Iterator[Warehouse]:
    with claimed(settings.data_dir) as data_dir, _scratch_in(str(scratch_path(data_dir))):

        def another(own: Mapping[str, str]) -> Client:
            path = str(tables_path(data_dir))
            return _connect(interface="chdb", path=path, settings={**_SESSION, **own})

        client = _open_tables(data_dir, lambda: another({}))
        try:
            yield Warehouse(client, another)
        finally:
            client.close()


def _open_tables(data_dir: Path, connect: Callable[[], Client]) -> Client:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        return connect()
    except (ClickHouseError, OSError) as error:
        raise DataDirError(
            f"the tables in {tables_path(data_dir)} cannot be opened ({type(error).__name__}). If "
            "the directory was copied, copy it again with its symbolic links as links (cp -a); or "
            "name another directory with --data-dir."
        ) from None


@contextmanager
def _scratch_in(path: str) -> Iterator[None]:
    """Keep temporary files in ``path``: the embedded client writes each block of rows to one, and
    a kill must not leave rows in a directory that others can list."""
    before, tempfile.tempdir = tempfile.tempdir, path
    try:
        yield
    finally:
        tempfile.tempdir = before


def _connect(**arguments: Any) -> Client:
    import clickhouse_connect

    # Their log lines quote statements and values; what went wrong comes as an exception as well.
    for library in ("clickhouse_connect", "urllib3"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    return clickhouse_connect.get_client(**arguments)


def _http_arguments(settings: Settings) -> dict[str, Any]:
    url = urlsplit(settings.clickhouse_url)
    try:
        port = url.port
    except ValueError:
        port = -1
    if url.scheme not in ("http", "https") or not url.hostname or port == -1:
        raise SettingsError("settings", ["clickhouse_url: must be http(s)://host[:port]"])
    if url.username is not None or url.password is not None:
        raise SettingsError(
            "settings",
            ["clickhouse_url: user and password belong in clickhouse_user, clickhouse_password"],
        )
    return {
        "interface": url.scheme,
        "host": url.hostname,
        "port": port or (8443 if url.scheme == "https" else 8123),
        "username": settings.clickhouse_user,
        "password": settings.clickhouse_password.get_secret_value(),
        # A session takes one query at a time; without one, threads can share the client.
        "autogenerate_session_id": False,
        "send_receive_timeout": _ANSWER_S,
    }


def _wait_for(
    settings: Settings, connect: Callable[[], Client], on_wait: Callable[[float], None]
) -> Client:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    started_s = time.monotonic()
    while True:
        try:
            return connect()
        except (ClickHouseError, OSError) as error:
            waited_s = time.monotonic() - started_s
            _stop_if_hopeless(settings, error, waited_s)
            on_wait(waited_s)
            time.sleep(_RETRY_S)


def _stop_if_hopeless(settings: Settings, error: Exception, waited_s: float) -> None:
    code = getattr(error, "code", None)
    if code in _REFUSED:
        raise Stop(
            f"ClickHouse at {settings.clickhouse_url} refused the user or password. Set "
            "--clickhouse-user and GLASSHOUSE_CLICKHOUSE_PASSWORD."
        ) from None
    if waited_s >= settings.server_timeout_s:
        answer = f" (it answered with error {code})" if code else ""
        raise ServerMissing(
            f"ClickHouse at {settings.clickhouse_url} did not answer in "
            f"{settings.server_timeout_s:g} s{answer}. Is it running? Set --clickhouse-url "
            "(GLASSHOUSE_CLICKHOUSE_URL), or leave it empty for the embedded engine."
        ) from None
