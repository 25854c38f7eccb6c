"""The folder a person names is understood, or refused with what was expected."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from events.errors import InputError
from producers.find_recordings import find_recordings
from producers.recordings import Format, Screen
from tests.producers.recorded import balabit_session, ducktrack_session


@pytest.mark.parametrize("below", ["", "training_files", "test_files"])
def test_a_balabit_folder_or_the_one_above_it_is_found(tmp_path: Path, below: str) -> None:
    balabit_session(tmp_path / below, "user1", "session_1", [])
    (found,) = find_recordings(tmp_path)
    assert (found.format, found.subject) == (Format.BALABIT, "user1")
    assert found.screen == Screen(1920, 1080)


def test_of_both_halves_of_the_data_set_the_training_half_is_taken(tmp_path: Path) -> None:
    for half in ("training_files", "test_files"):
        balabit_session(tmp_path / half, half, "session_1", [])
    assert [one.subject for one in find_recordings(tmp_path)] == ["training_files"]


@pytest.mark.parametrize("below", ["", "first"])
def test_a_ducktrack_recording_or_the_folder_above_it_is_found(tmp_path: Path, below: str) -> None:
    ducktrack_session(tmp_path / below, [])
    (found,) = find_recordings(tmp_path, subject="someone")
    assert (found.format, found.subject) == (Format.DUCKTRACK, "someone")


def test_a_ducktrack_recording_needs_a_person_and_a_balabit_folder_none(tmp_path: Path) -> None:
    ducktrack_session(tmp_path / "duck", [])
    balabit_session(tmp_path / "balabit", "user1", "session_1", [])
    with pytest.raises(InputError, match="--subject"):
        find_recordings(tmp_path / "duck")
    with pytest.raises(InputError, match="--subject"):
        find_recordings(tmp_path / "balabit", subject="someone")


@pytest.mark.parametrize("wanted", [None, Format.BALABIT, Format.DUCKTRACK])
def test_a_folder_without_recordings_is_refused(tmp_path: Path, wanted: Format | None) -> None:
    subject = "someone" if wanted is Format.DUCKTRACK else None
    with pytest.raises(InputError, match="Expected is USER/session_N"):
        find_recordings(tmp_path, wanted, subject=subject)


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        find_recordings(tmp_path / "nothing")


def test_a_user_folder_whose_name_is_no_utf8_is_refused(tmp_path: Path) -> None:
    broken = os.fsdecode(os.fsencode(tmp_path) + b"/user\xff")
    balabit_session(Path(broken), "", "session_1", [])
    with pytest.raises(InputError, match="UTF-8"):
        find_recordings(tmp_path)


def test_a_recording_shows_nobody_in_its_repr(tmp_path: Path) -> None:
    balabit_session(tmp_path, "user1", "session_1", [])
    assert "user1" not in repr(find_recordings(tmp_path))
    assert "session_1" not in repr(find_recordings(tmp_path))
