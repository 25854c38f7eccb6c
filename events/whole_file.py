"""Writes a file whole or not at all, so that a crash leaves the one before, or none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from events.errors import InputError


def write_whole(path: Path, data: bytes, mode: int, *, replace: bool) -> None:
    """Put ``data`` into ``path`` with ``mode``, on the disk before this returns. As
    ``written_whole``."""
    with written_whole(path, mode, replace=replace) as file:
        file.write(data)


@contextmanager
def written_whole(path: Path, mode: int, *, replace: bool) -> Iterator[BinaryIO]:
    """A file to write to, which is ``path`` with ``mode``, and on the disk, once the context has
    ended well; if it ends by an error, nothing of it is left.

    ``InputError`` where there is such a file and it may not be replaced, however late it came, or
    where the folder cannot be written to.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:  # a file in the way of a folder is none that exists already
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if replace:
                draft.replace(path)
            else:
                path.hardlink_to(draft)
        finally:
            draft.unlink(missing_ok=True)
        _name_to_disk(path.parent)
    except FileExistsError:
        raise InputError(f"{path} exists already; it was left as it is") from None
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


def _name_to_disk(folder: Path) -> None:
    """The names of a folder are on the disk only once the folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
