"""Finds the recordings in a folder, and tells in which format they are."""

from __future__ import annotations

from pathlib import Path

from events.batch import is_subject
from events.errors import InputError
from producers import balabit, ducktrack
from producers.recordings import Format, Recording, Screen

#: In a clone of the data set both are there; the second has no labels for legal and illegal use.
_BALABIT_FOLDERS = ("training_files", "test_files")


def find_recordings(
    path: Path,
    wanted: Format | None = None,
    *,
    subject: str | None = None,
    screen: Screen | None = None,
) -> list[Recording]:
    """Every recording below ``path``, by subject and session; their events are not read yet.

    ``wanted`` None: whichever format is there. ``path`` may also be the folder that holds
    Balabit's ``training_files`` (taken if there) or ``test_files``. ``subject`` is whose a
    DuckTrack recording is, and must be given for that format only. Raises ``InputError``.
    """
    if not path.is_dir():
        raise InputError(f"{path}: is not a folder. Name the folder that holds the recordings.")
    found = wanted or _format_of(path)
    if found is Format.DUCKTRACK:
        if not subject:
            raise InputError("a DuckTrack recording names no person. Say whose it is: --subject ID")
        recordings = ducktrack.recordings_in(path, subject, screen)
    else:
        if subject:
            raise InputError("--subject is for DuckTrack; a Balabit folder names its users itself")
        recordings = balabit.recordings_in(_balabit_in(path), screen or balabit.DEFAULT_SCREEN)
    if not recordings:
        raise InputError(f"{path}: holds no {found.value} recording. {_EXPECTED}")
    if not all(map(_is_usable, {recording.subject for recording in recordings})):
        raise InputError(f"{path}: a subject must be 1 to 128 bytes of UTF-8. Rename the folder.")
    return recordings


_EXPECTED = (
    "Expected is USER/session_N (Balabit) or events.jsonl with metadata.json (DuckTrack), there "
    "or one folder below."
)


def _format_of(path: Path) -> Format:
    if ducktrack.is_recording(path) or any(map(ducktrack.is_recording, path.iterdir())):
        return Format.DUCKTRACK
    if any(_balabit_in(path).glob("*/session_*")):
        return Format.BALABIT
    raise InputError(f"{path}: holds no recordings. {_EXPECTED}")


def _balabit_in(path: Path) -> Path:
    below = [path / name for name in _BALABIT_FOLDERS if (path / name).is_dir()]
    return below[0] if below else path


def _is_usable(subject: str) -> bool:
    try:
        subject.encode()
    except UnicodeEncodeError:  # a folder name that is not UTF-8 comes with lone surrogates
        return False
    return is_subject(subject)
