"""The key file: which epochs there are, and their keys, sealed by a key service. Mode 0600.

Where the service is ``file`` the keys lie in it as they are, and its mode is all that guards them.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from events.clock import MS_PER_HOUR
from events.errors import InputError, SettingsError
from events.policy import faults_of
from streams.key_ring import KeyEpoch, to_bytes
from streams.key_service import in_the_file

_FORMAT: Final = 2
_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)
_OTHERS = 0o077

#: How far ahead of its making an epoch starts, at least. Half of it is for clocks that differ and
#: for copies of the file to be brought to other machines; the other half for workers to look.
LEAD_MS = MS_PER_HOUR

Service = Literal["file", "vault"]


class StoredEpoch(BaseModel):
    """An epoch in the file: sealed keys, or who destroyed them, and when."""

    model_config = _STRICT

    epoch: int
    from_ms: Annotated[int, Field(ge=0)]
    sealed: str | None = Field(None, repr=False)
    made_ms: int | None = None
    made_by: str = ""
    destroyed_ms: int | None = None
    destroyed_by: str = ""

    @model_validator(mode="after")
    def _has_keys_or_lost_them(self) -> StoredEpoch:
        if (self.sealed is None) == (self.destroyed_ms is None):
            raise ValueError("either has keys or was destroyed")
        return self


class KeyFile(BaseModel):
    """All of the file. ``lead_ms`` is for its whole life: officers who rotate and workers who look
    have to go by the same number."""

    model_config = _STRICT

    format: Literal[2] = Field(_FORMAT)
    service: Service = "file"
    lead_ms: Annotated[int, Field(ge=1_000)] = LEAD_MS
    epochs: tuple[StoredEpoch, ...] = Field(strict=False)
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)


def read_key_file(path: Path) -> tuple[KeyFile, list[str]]:
    """What is in ``path``, and what is wrong with it though it can be read. ``SettingsError`` where
    it cannot; nothing of its content is in either."""
    where = f"key file {path}"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            where, ["does not exist: make it with `glasshouse keys init`"]
        ) from None
    except (OSError, ValueError) as error:
        raise SettingsError(where, [f"cannot be read: {type(error).__name__}"]) from None
    open_to = [f"mode is {mode:04o}, so others can read it: chmod 600"] if mode & _OTHERS else []
    try:
        if isinstance(content, dict) and content.get("format") == 1:
            content = _newer(content)
        return KeyFile.model_validate(content), open_to
    except ValidationError as error:
        raise SettingsError(where, [*open_to, *faults_of(error)]) from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        fault = f"is not a key file: {type(error).__name__}"
        raise SettingsError(where, [*open_to, fault]) from None


def _newer(content: dict[str, Any]) -> dict[str, Any]:
    """A file of format 1, which had the keys in the clear, as one of this format."""
    epochs = []
    for entry in content["epochs"]:
        keys = {name: bytes.fromhex(text) for name, text in entry["keys"].items()}
        epoch = KeyEpoch(int(entry["epoch"]), int(entry["from_ms"]), keys)
        sealed = in_the_file(to_bytes(epoch))
        epochs.append({"epoch": epoch.epoch, "from_ms": epoch.from_ms, "sealed": sealed})
    return {"format": _FORMAT, "epochs": epochs}


def write_key_file(content: KeyFile, path: Path, *, replace: bool = True) -> None:
    """Write ``path`` with mode 0600, whole or not at all. What it held before is overwritten, as
    far as a program can: a disk or its snapshots may keep copies below the file.

    ``InputError`` where there is such a file and it may not be replaced, however late it came.
    """
    text = json.dumps(content.model_dump(mode="json", exclude_none=True), indent=2)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            with _overwritten(path):
                draft.replace(path)
        else:
            path.hardlink_to(draft)
    except FileExistsError:
        raise InputError(f"key file {path} exists already; it was left as it is") from None
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _overwritten(path: Path) -> Iterator[None]:
    """Overwrite what is in ``path`` now, once something else has taken its place."""
    try:
        old = os.open(path, os.O_WRONLY)
    except OSError:
        yield
        return
    try:
        yield
        with suppress(OSError):
            os.pwrite(old, b"\0" * os.fstat(old).st_size, 0)
            os.fsync(old)
    finally:
        os.close(old)


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Only one process at a time reads, changes and writes ``path``; ``InputError`` for another.
    The folder is what is locked: the file itself is replaced, and nothing is left behind."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"another process is changing key file {path}: run the command again later"
            ) from None
        yield
    finally:
        os.close(folder)
