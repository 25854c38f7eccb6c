"""A schema registry that has schemas it does not tell yet: what workers meet when a producer is
newer than the registry they ask. Only what the client asks of it; what is looked up gets an id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(slots=True)
class LateRegistry:
    """``schemas``: texts by id. Registering gives the next id from 1 on."""

    url: str = ""
    schemas: dict[int, str] = field(default_factory=dict)

    def id_of(self, text: str) -> int:
        """Id of ``text``, which is registered if it is not there."""
        known = {found: number for number, found in self.schemas.items()}
        number = known.get(text, len(self.schemas) + 1)
        self.schemas[number] = text
        return number


@contextmanager
def late_registry() -> Iterator[LateRegistry]:
    """A registry on a port of 127.0.0.1, for as long as the context lasts."""
    registry = LateRegistry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = int(self.path.split("?")[0].rpartition("/")[2])
            if number in registry.schemas:
                self._answer(200, {"schema": registry.schemas[number]})
            else:
                self._answer(404, {"error_code": 40403, "message": "Schema not found"})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            subject = self.path.split("?")[0].split("/")[2]
            number = registry.id_of(asked["schema"])
            self._answer(
                200, {"subject": subject, "id": number, "version": 1, "schema": asked["schema"]}
            )

        def _answer(self, status: int, content: dict[str, object]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
