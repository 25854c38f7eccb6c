"""A file is written whole, or nothing of it is left."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from events.errors import InputError
from events.whole_file import write_whole, written_whole


def test_it_has_its_name_only_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    with written_whole(path, 0o600, replace=False) as file:
        file.write(b"half")
        assert not path.exists()
        file.write(b" and half")
    assert path.read_bytes() == b"half and half"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, ValueError])
def test_what_is_not_ended_leaves_nothing_and_the_one_before_stays(
    tmp_path: Path, fault: type[BaseException]
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"before", 0o600, replace=False)
    with pytest.raises(fault), written_whole(path, 0o600, replace=True) as file:
        file.write(b"half")
        raise fault
    assert path.read_bytes() == b"before"
    assert [*tmp_path.iterdir()] == [path]


def test_one_that_is_there_is_replaced_only_where_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"before", 0o600, replace=False)
    with pytest.raises(InputError, match="exists already"):
        write_whole(path, b"after", 0o600, replace=False)
    assert path.read_bytes() == b"before"
    write_whole(path, b"after", 0o600, replace=True)
    assert path.read_bytes() == b"after"


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_whole(tmp_path / "file" / "folder" / "below", b"", 0o600, replace=True)
