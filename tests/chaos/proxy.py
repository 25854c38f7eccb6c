"""A TCP proxy in front of the broker: it passes everything on, or cuts, refuses, falls silent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar

from deploy.broker import free_port

T = TypeVar("T")

_CHUNK_BYTES = 65_536
_PATIENCE_S = 10.0
#: A transport that was aborted closes its socket a moment later, if the loop still runs.
_CLOSE_S = 0.05


@dataclass(eq=False, slots=True)
class _Link:
    """A client's connection and ours to the broker. ``client`` is the name that the client gives
    itself in its first request; None before that."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    client: str | None = None
    is_open: asyncio.Event = field(default_factory=asyncio.Event)


class Proxy:
    """Listens on 127.0.0.1 as long as its context lasts, in a thread of its own. Other threads
    tell it what to do; each of these returns how many connections it hit."""

    def __init__(self, target_port: int, port: int = 0) -> None:
        self.port = port or free_port()
        self._target_port = target_port
        self._links: set[_Link] = set()
        self._silent_to: Callable[[str], bool] | None = None
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="proxy")

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def cut(self) -> int:
        """Reset every connection and refuse new ones."""
        return self._do(self._cut())

    def restore(self) -> None:
        """Take connections again."""
        self._do(self._listen())

    def fall_silent(self, to: Callable[[str], bool] = lambda client: True) -> int:
        """Pass nothing on, either way, to and from clients of these names; new ones as well."""
        return self._do(self._fall_silent(to))

    def speak(self) -> None:
        """Pass on all that was held, and what comes."""
        self._do(self._speak())

    def __enter__(self) -> Proxy:
        self._thread.start()
        self.restore()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._do(self._cut())
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(_PATIENCE_S)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _cut(self) -> int:
        server, self._server = self._server, None
        if server is not None:
            # What was accepted has to be a connection before the server closes: asyncio (3.11)
            # leaves it open otherwise.
            for listening in server.sockets:
                self._loop.remove_reader(listening.fileno())
            await asyncio.sleep(0)
            server.close()
        hit = len(self._links)
        for link in list(self._links):
            link.near.transport.abort()
            link.far.transport.abort()
        return hit

    async def _fall_silent(self, to: Callable[[str], bool]) -> int:
        self._silent_to = to
        hit = [link for link in self._links if link.client is not None and to(link.client)]
        for link in hit:
            link.is_open.clear()
        return len(hit)

    async def _speak(self) -> None:
        self._silent_to = None
        for link in self._links:
            link.is_open.set()

    async def _end(self) -> None:
        """Until nothing runs any more: what was being accepted begins while the others end."""
        ours = asyncio.current_task()
        while others := [task for task in asyncio.all_tasks() if task is not ours]:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.sleep(_CLOSE_S)
        await asyncio.sleep(_CLOSE_S)

    def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if self._server is None:
            near.transport.abort()  # it was cut meanwhile
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, near))
        task.add_done_callback(lambda _: near.transport.abort())  # also where it never began

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            answers, far = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            return
        link = _Link(near, far)
        link.is_open.set()
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(link, reader, far))
                both.create_task(self._pump(link, answers, near))
        except (ExceptionGroup, asyncio.CancelledError):
            pass  # one side has gone: so does the other
        finally:
            self._links.discard(link)
            far.transport.abort()

    async def _pump(
        self, link: _Link, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        while chunk := await source.read(_CHUNK_BYTES):
            if link.client is None:
                link.client = client_of(chunk)
                if self._silent_to is not None and self._silent_to(link.client):
                    link.is_open.clear()
            await link.is_open.wait()
            sink.write(chunk)
            await sink.drain()
        raise ConnectionResetError


def client_of(request: bytes) -> str:
    """The client's name in a Kafka request: after its length, API key and version (2 bytes each)
    and correlation id (4 bytes), a string of 2 bytes of length."""
    length = int.from_bytes(request[12:14], "big")
    return request[14 : 14 + length].decode(errors="replace")
