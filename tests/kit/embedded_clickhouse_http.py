"""The embedded engine chDB behind a small HTTP endpoint. It is NOT a ClickHouse server.

It speaks as much of ClickHouse's HTTP interface as clickhouse-connect needs (queries, inserts,
settings, parameters, compression, error codes; no sessions), and it fails on command. What it
cannot stand for: a server's own access storage, its limits, its merging under load, replication.
User names and passwords are compared here, not in the engine; roles are the engine's own.

    python -m tests.kit.embedded_clickhouse_http --path DIR [--config FILE] [--user NAME:PASS:ROLE]

Prints one line of JSON with its two ports. On the second one a POST to /faults takes a list of
``Fault``, /listening takes true or false, and a GET to /met says what statements met. It ends when
its standard input does.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.kit.embedded_engine import Engine
from tests.kit.http_endpoint import NAME, Endpoint, Handler, User
from tests.kit.http_faults import Fault, Plan


class Service:
    """The endpoint, listening or not, always on the same port."""

    def __init__(self, engine: Engine, users: Mapping[str, User], port: int) -> None:
        self.plan = Plan()
        self._engine, self._users, self._port = engine, users, port
        self._endpoint: Endpoint | None = None

    def listen(self) -> int:
        """Take connections; the port."""
        if self._endpoint is None:
            endpoint = Endpoint(("127.0.0.1", self._port), Handler)
            endpoint.engine, endpoint.plan, endpoint.users = self._engine, self.plan, self._users
            self._port = endpoint.server_address[1]
            threading.Thread(target=endpoint.serve_forever, args=(0.02,), daemon=True).start()
            self._endpoint = endpoint
        return self._port

    def refuse(self) -> None:
        """Refuse connections; those that are open are cut at their next request."""
        if self._endpoint is not None:
            self._endpoint.is_refusing = True
            self._endpoint.shutdown()
            self._endpoint.server_close()
            self._endpoint = None


class Control(BaseHTTPRequestHandler):
    """What a test says to the endpoint."""

    service: Service

    def do_GET(self) -> None:
        self._reply(self.service.plan.met)

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/faults":
            self.service.plan.set([Fault(**each) for each in said])
        elif said:
            self.service.listen()
        else:
            self.service.refuse()
        self._reply({})

    def log_message(self, *_: object) -> None:
        """No log."""

    def _reply(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=NAME)
    parser.add_argument("--path", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", action="append", default=[])
    given = parser.parse_args()
    users = {
        name: User(password, role)
        for name, password, role in (each.split(":") for each in given.user or ["default::"])
    }
    engine = Engine(given.path, given.config)
    service = Service(engine, users, given.port)
    Control.service = service
    control = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    ports = {"serving": NAME, "port": service.listen(), "control_port": control.server_address[1]}
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    engine.close()


if __name__ == "__main__":
    main()
