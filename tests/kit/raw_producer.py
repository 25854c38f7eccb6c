"""Sends record batches as they are: what no well-behaved client would let through."""

from __future__ import annotations

import socket
import struct
import time

_PRODUCE, _VERSION = 0, 7
_ANSWER_S = 60.0
#: A topic was made just now: it is not known here, or nobody leads it yet.
_NOT_YET = (3, 5, 6)


def produce(servers: str, topic: str, partition: int, batch: bytes) -> int:
    """Hand ``batch`` to the broker, the only one. Kafka's error code; 0: it was taken."""
    give_up_s = time.monotonic() + _ANSWER_S
    while (code := _asked(servers, topic.encode(), partition, batch)) in _NOT_YET:
        assert time.monotonic() < give_up_s, f"the broker goes on to answer {code}"
        time.sleep(0.1)
    return code


def _asked(servers: str, name: bytes, partition: int, batch: bytes) -> int:
    head = struct.pack(">hhih4s", _PRODUCE, _VERSION, 1, 4, b"fuzz")
    body = struct.pack(">hhiih", -1, -1, 30_000, 1, len(name)) + name
    body += struct.pack(">iii", 1, partition, len(batch)) + batch
    host, _, port = servers.partition(":")
    with socket.create_connection((host, int(port)), timeout=_ANSWER_S) as connection:
        connection.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        (size,) = struct.unpack(">i", _exactly(connection, 4))
        answer = _exactly(connection, size)
    # correlation id, topics, name, partitions, partition; then the code
    (code,) = struct.unpack_from(">h", answer, 4 + 4 + 2 + len(name) + 4 + 4)
    return int(code)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError("the broker hung up on the batch")
        data += part
    return bytes(data)
