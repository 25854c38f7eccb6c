"""One port that answers as ClickHouse's HTTP interface does, or fails as it was told to."""

from __future__ import annotations

import socket
import struct
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from tests.kit.embedded_engine import Answer, Engine, Refused
from tests.kit.http_faults import Fault, Plan
from tests.kit.http_request import (
    Request,
    packed,
    statement_of,
    status_of,
    summary,
    unpacked,
)

NAME = "embedded engine behind HTTP, not a ClickHouse server"


@dataclass(frozen=True, slots=True)
class User:
    password: str = field(repr=False)
    role: str


class Endpoint(ThreadingHTTPServer):
    """What the handlers of one port share."""

    daemon_threads = True
    engine: Engine
    plan: Plan
    users: Mapping[str, User]
    is_refusing = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is nothing to complain of."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Cut(Exception):
    """Close the connection now."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or an answer in two packets waits 40 ms
    server: Endpoint

    def do_GET(self) -> None:
        try:
            request = self._read()
            if self.server.is_refusing:
                raise _Cut
            if request.path == "/ping":
                self._send(200, b"Ok.\n", {})
            else:
                self._serve(request)
        except _Cut:
            self._cut()
        except OSError:
            self.close_connection = True

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """No log: statements may hold what nobody should read."""

    def _serve(self, request: Request) -> None:
        user = self.server.users.get(request.credentials[0])
        if user is None or user.password != request.credentials[1]:
            self._refuse(516, "Authentication failed: password is incorrect, or no such user")
            return
        if "session_id" in request.url:
            self._refuse(36, "This endpoint has no sessions")
            return
        statement = statement_of(request, user.role)
        fault = self.server.plan.next(statement.body)
        if fault is not None and self._fails_before(fault):
            return
        try:
            answer = self.server.engine.run(statement)
        except Refused as refused:
            self._refuse(refused.code, str(refused))
            return
        if fault is not None and fault.kind == "silence_after":
            time.sleep(fault.seconds)
            raise _Cut
        self._answer(request, answer, cut=fault is not None and fault.kind == "cut_answer")

    def _fails_before(self, fault: Fault) -> bool:
        """Whether that was all that is done about the statement."""
        match fault.kind:
            case "drop":
                raise _Cut
            case "silence_before":
                time.sleep(fault.seconds)
                raise _Cut
            case "status":
                self._send(fault.status, b"upstream is away\n", {})
                return True
            case "error":
                self._refuse(fault.code, "Planned by the test")
                return True
            case "slow":
                time.sleep(fault.seconds)
        return False

    def _answer(self, request: Request, answer: Answer, cut: bool) -> None:
        body, encoding = packed(answer.body, request)
        headers = {
            "X-ClickHouse-Summary": summary(answer),
            "X-ClickHouse-Query-Id": request.url.get("query_id", str(uuid4())),
            "X-ClickHouse-Timezone": "UTC",
            **({"Content-Encoding": encoding} if encoding else {}),
        }
        if cut:
            self._send(200, body + bytes(1_000), headers, upto=len(body) // 2)
            raise _Cut
        self._send(200, body, headers)

    def _refuse(self, code: int, text: str) -> None:
        said = text if text.startswith("Code: ") else f"Code: {code}. DB::Exception: {text}."
        headers = {"X-ClickHouse-Exception-Code": str(code)}
        self._send(status_of(code), f"{said}\n".encode(), headers)

    def _send(
        self, status: int, body: bytes, headers: Mapping[str, str], upto: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("X-ClickHouse-Server-Display-Name", NAME)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:upto])
        self.wfile.flush()

    def _read(self) -> Request:
        headers = {name.lower(): value for name, value in self.headers.items()}
        if headers.get("transfer-encoding", "") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self.rfile.read(int(headers.get("content-length", "0")))
        encoding = headers.get("content-encoding", "")
        return Request(self.command, self.path, headers, unpacked(body, encoding))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def _cut(self) -> None:
        """Close with a reset, as a machine that died does."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
