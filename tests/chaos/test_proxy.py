"""The proxy passes everything on, until it is told not to."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import Proxy, client_of


def request(client: str) -> bytes:
    name = client.encode()
    body = b"\0\x12\0\3\0\0\0\1" + len(name).to_bytes(2, "big") + name
    return len(body).to_bytes(4, "big") + body


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """In front of a server that says whatever it hears."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=echo, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        with Proxy(server.getsockname()[1]) as proxy:
            yield proxy
        server.shutdown(socket.SHUT_RDWR)


def echo(connection: socket.socket) -> None:
    with connection:
        try:
            while said := connection.recv(1_024):
                connection.sendall(said)
        except OSError:
            pass


def connect(proxy: Proxy, client: str) -> socket.socket:
    """A connection over which something has gone there and back."""
    connection = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
    assert ask(connection, request(client)) == request(client)
    return connection


def ask(connection: socket.socket, what: bytes = b"more") -> bytes:
    connection.sendall(what)
    return connection.recv(1_024)


def has_ended(connection: socket.socket) -> bool:
    try:
        return ask(connection) == b""
    except (ConnectionResetError, BrokenPipeError):
        return True


def is_silent(connection: socket.socket, what: bytes = b"more") -> bool:
    connection.settimeout(0.3)
    try:
        ask(connection, what)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(10)
    return False


def test_a_client_is_known_by_the_name_in_its_first_request() -> None:
    assert client_of(request("faust-1.2")) == "faust-1.2"
    assert client_of(b"") == ""


def test_a_cut_ends_connections_and_refuses_new_ones_until_it_is_over(proxy: Proxy) -> None:
    with connect(proxy, "anybody") as connection:
        assert proxy.cut() == 1
        assert has_ended(connection)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
    proxy.restore()
    with connect(proxy, "anybody") as connection:
        assert ask(connection) == b"more"


def test_who_is_kept_in_silence_gets_everything_later_and_others_notice_nothing(
    proxy: Proxy,
) -> None:
    with connect(proxy, "glasshouse") as one, connect(proxy, "faust") as other:
        assert proxy.fall_silent(lambda client: client == "glasshouse") == 1
        assert is_silent(one)
        assert ask(other) == b"more"
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as new:
            assert is_silent(new, request("glasshouse"))
            proxy.speak()
            assert new.recv(1_024) == request("glasshouse")
        assert one.recv(1_024) == b"more"


@pytest.mark.filterwarnings("error")
def test_nothing_stays_open_of_clients_that_come_while_it_is_cut(proxy: Proxy) -> None:
    """Unclosed connections would be warned of, and fail this."""
    is_over = threading.Event()

    def come_and_go() -> None:
        while not is_over.is_set():
            with socket.socket() as client:
                client.connect_ex(("127.0.0.1", proxy.port))

    clients = [threading.Thread(target=come_and_go) for _ in range(2)]
    for client in clients:
        client.start()
    for _ in range(5):
        proxy.cut()
        proxy.restore()
        is_over.wait(0.05)
    is_over.set()
    for client in clients:
        client.join()
    gc.collect()
