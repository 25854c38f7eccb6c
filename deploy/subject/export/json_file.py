"""Writes JSON member by member, so that no list of records has to be in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from deploy.subject.export.records import Blocks, text_of


@dataclass(slots=True)
class JsonObject:
    """An object that is being written. Every member is put once."""

    file: BinaryIO
    _separator: bytes = b"\n"

    def put(self, name: str, value: object) -> None:
        self._begin(name)
        self.file.write(text_of(value))

    def put_records(self, name: str, blocks: Blocks) -> None:
        """A list of the records of ``blocks``, a line each."""
        self._begin(name)
        self.file.write(b"[")
        separator = b"\n"
        for block in blocks:
            if block:
                self.file.write(separator + b",\n".join(block))
                separator = b",\n"
        self.file.write(b"\n]")

    @contextmanager
    def objects(self, name: str) -> Iterator[Callable[[], AbstractContextManager[JsonObject]]]:
        """A list of objects, each of which is begun by a call and written within its context."""
        self._begin(name)
        self.file.write(b"[")
        separator = b"\n"

        @contextmanager
        def begin() -> Iterator[JsonObject]:
            nonlocal separator
            self.file.write(separator)
            separator = b",\n"
            with json_object(self.file) as entry:
                yield entry

        yield begin
        self.file.write(b"\n]")

    def _begin(self, name: str) -> None:
        self.file.write(self._separator + text_of(name) + b": ")
        self._separator = b",\n"


@contextmanager
def json_object(file: BinaryIO) -> Iterator[JsonObject]:
    """An object; it is whole once the context has ended well."""
    file.write(b"{")
    yield JsonObject(file)
    file.write(b"\n}")
