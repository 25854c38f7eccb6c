"""The list of erasures: what a restored backup is erased by, and nothing more."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from deploy.subject.erasure_list import FILE, append, read
from events.errors import InputError
from events.purposes import Purpose

_TRAINING, _ANALYTICS = Purpose.AGENT_TRAINING, Purpose.TEAM_ANALYTICS


def test_what_is_added_is_read_with_all_that_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "receipts"
    append(folder, [b"anna" * 8], {_TRAINING: [3, 2**64 - 1], _ANALYTICS: [5]})
    append(folder, [b"bens" * 8], {_TRAINING: [1], _ANALYTICS: []})
    found = read(folder)
    assert found.digests == {b"anna" * 8, b"bens" * 8}
    assert found.pseudonyms == {_TRAINING: {1, 3, 2**64 - 1}, _ANALYTICS: {5}}
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_no_line_joins_two_stores_and_its_order_tells_nothing(tmp_path: Path) -> None:
    append(tmp_path, [b"b" * 32, b"a" * 32], {_TRAINING: [9, 1], _ANALYTICS: [8, 2]})
    lines = [json.loads(line) for line in (tmp_path / FILE).read_text().split("\n") if line]
    assert {line["of"]: line["ids"] for line in lines} == {
        "agent_training": ["1", "9"],
        "team_analytics": ["2", "8"],
        "people": [(b"a" * 32).hex(), (b"b" * 32).hex()],
    }


def test_a_line_that_was_cut_off_hides_no_other(tmp_path: Path) -> None:
    append(tmp_path, [b"a" * 32], {_TRAINING: [1], _ANALYTICS: [2]})
    path = tmp_path / FILE
    path.write_text(path.read_text() + '{"of": "agent_tr')
    append(tmp_path, [b"c" * 32], {_TRAINING: [3], _ANALYTICS: [4]})
    assert read(tmp_path).pseudonyms[_TRAINING] == {1, 3}


def test_where_there_is_no_list_nothing_is_erased_and_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no list of erasures"):
        read(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="nothing was erased"):
        append(tmp_path / "file" / "below", [], {_TRAINING: [], _ANALYTICS: []})


def test_nobody_shows_in_a_repr(tmp_path: Path) -> None:
    append(tmp_path, [b"anna" * 8], {_TRAINING: [123_456], _ANALYTICS: []})
    assert "123456" not in repr(read(tmp_path))
    assert "anna" not in repr(read(tmp_path))
