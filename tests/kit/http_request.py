"""ClickHouse's HTTP interface, as far as clickhouse-connect uses it: from requests to statements,
from answers to headers. No socket, no engine."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import cramjam

from tests.kit.embedded_engine import Answer, Statement

#: What the HTTP interface consumes itself; every other name in the URL is a setting.
_OF_THE_INTERFACE = frozenset(
    {
        "query",
        "database",
        "default_format",
        "user",
        "password",
        "role",
        "query_id",
        "quota_key",
        "buffer_size",
        "compress",
        "decompress",
        "wait_end_of_query",
        "client_protocol_version",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "enable_http_compression",
        "session_id",
        "session_timeout",
        "session_check",
    }
)

_PACKERS: Mapping[str, tuple[Callable[[bytes], Any], Callable[[bytes], Any]]] = {
    "zstd": (cramjam.zstd.compress, cramjam.zstd.decompress),
    "lz4": (cramjam.lz4.compress, cramjam.lz4.decompress),
    "gzip": (cramjam.gzip.compress, cramjam.gzip.decompress),
}

#: The statuses ClickHouse gives to its codes; every other code is a 500.
_STATUS = {497: 403, 516: 403, 60: 404, 81: 404, 62: 400, 36: 400, 164: 403, 46: 400, 115: 400}

READ_ONLY_METHOD = {"readonly": "2"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request with its body unpacked; names of headers are in lower case."""

    method: str
    target: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def url(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password, from where ClickHouse takes them."""
        said = self.headers.get("authorization", "")
        if said.startswith("Basic "):
            user, _, password = base64.b64decode(said[6:]).decode().partition(":")
            return user, password
        url = self.url
        user = self.headers.get("x-clickhouse-user", url.get("user", "default"))
        return user, self.headers.get("x-clickhouse-key", url.get("password", ""))


def statement_of(request: Request, role: str) -> Statement:
    """The statement of ``request``: the SQL is the URL's query followed by the body."""
    url = request.url
    asked = url.get("query", "").encode()
    own = {name: value for name, value in url.items() if name not in _OF_THE_INTERFACE}
    return Statement(
        body=asked + b"\n" + request.body if asked and request.body else asked or request.body,
        form=request.headers.get("x-clickhouse-format", url.get("default_format", "TabSeparated")),
        database=request.headers.get("x-clickhouse-database", url.get("database", "")),
        role=role,
        settings={
            **({} if request.method == "POST" else READ_ONLY_METHOD),
            **{name: value for name, value in own.items() if not name.startswith("param_")},
        },
        parameters={
            name.removeprefix("param_"): value
            for name, value in own.items()
            if name.startswith("param_")
        },
    )


def unpacked(body: bytes, encoding: str) -> bytes:
    """``body`` without its Content-Encoding. Raises ``KeyError`` for one that is not known."""
    return bytes(_PACKERS[encoding][1](body)) if encoding and body else body


def packed(body: bytes, request: Request) -> tuple[bytes, str]:
    """``body`` in the first encoding the client takes and asked for, and its name."""
    if request.url.get("enable_http_compression") not in ("1", "true"):
        return body, ""
    taken = [each.strip() for each in request.headers.get("accept-encoding", "").split(",")]
    for name in taken:
        if name in _PACKERS:
            return bytes(_PACKERS[name][0](body)), name
    return body, ""


def summary(answer: Answer) -> str:
    """The text of X-ClickHouse-Summary: counts as strings, as ClickHouse writes them."""
    return json.dumps(
        {
            "read_rows": str(answer.read_rows),
            "read_bytes": str(answer.read_bytes),
            "written_rows": str(answer.written_rows),
            "written_bytes": str(answer.read_bytes if answer.written_rows else 0),
            "result_rows": str(answer.written_rows),
        }
    )


def status_of(code: int) -> int:
    """The HTTP status of an error."""
    return _STATUS.get(code, 500)
