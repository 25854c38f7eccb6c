"""The key file: private, whole or not at all, and every fault of it named at once. Files of the
format before this one are read as ever."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.clock import SystemClock
from events.errors import InputError, SettingsError
from events.purposes import GOVERNANCE, PURPOSES
from events.settings import Settings
from events.vocabulary import MAX_TIME_MS
from streams.key_officer import KeyOfficer
from streams.key_service import in_the_file
from streams.keys import DOMAINS, KEY_BYTES, KeyRing, load_keys, new_epoch, save_keys
from tests.strategies import EPOCH_STARTS_MS, ring


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "keys.json"


def written(path: Path, content: object, mode: int = 0o600) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    path.chmod(mode)
    return path


def content_of(keys: KeyRing) -> dict[str, Any]:
    epochs = [
        {"epoch": e.epoch, "from_ms": e.from_ms, "keys": {n: k.hex() for n, k in e.keys.items()}}
        for e in keys.epochs
    ]
    return {"format": 1, "epochs": epochs}


def faults(path: Path) -> str:
    with pytest.raises(SettingsError) as error:
        load_keys(path)
    assert str(path) in str(error.value)
    return "\n".join(error.value.faults)


def test_what_is_saved_is_loaded_and_only_the_owner_can_read_it(path: Path) -> None:
    keys = ring(*EPOCH_STARTS_MS)
    old_mask = os.umask(0)
    try:
        save_keys(keys, path)
    finally:
        os.umask(old_mask)
    assert load_keys(path) == keys
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_failed_save_leaves_the_old_file_and_no_draft(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_keys(ring(0), path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        save_keys(ring(0, 5), path)
    monkeypatch.undo()
    assert load_keys(path) == ring(0)
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]


def test_a_first_save_never_replaces_a_file_that_came_in_between(path: Path) -> None:
    save_keys(ring(0), path, replace=False)
    with pytest.raises(InputError, match="left as it is"):
        save_keys(ring(0, 5), path, replace=False)
    assert load_keys(path) == ring(0)
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]
    save_keys(ring(0, 5), path)
    assert load_keys(path) == ring(0, 5)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777, 0o610])
def test_a_file_that_others_can_touch_is_refused(path: Path, mode: int) -> None:
    assert "chmod 600" in faults(written(path, content_of(ring(0)), mode))


def test_a_file_that_is_not_there_says_how_to_make_it(path: Path) -> None:
    assert "glasshouse keys init" in faults(path)


def test_every_fault_is_named_at_once_and_no_key_in_any(path: Path) -> None:
    content = content_of(ring(0, 5, 5))
    content["epochs"][0]["from_ms"] = 1
    content["epochs"][2]["epoch"] = 70_000
    secret = content["epochs"][1]["keys"][GOVERNANCE]
    content["epochs"][2]["keys"][GOVERNANCE] = secret
    del content["epochs"][0]["keys"][PURPOSES[0]]
    content["epochs"][1]["keys"][PURPOSES[1]] = "00ff"
    found = faults(written(path, content, 0o644))
    for text in (
        "mode is 0644",
        "must start at 0",
        "in order",
        "from 1 to 65535",
        "epoch 1: no 32-byte key for agent_training",
        "epoch 2: no 32-byte key for team_analytics",
        "used twice",
        "rotate-sealing",
    ):
        assert text in found
    assert len(found.splitlines()) == 8
    assert secret not in found
    assert "00ff" not in found


def test_a_file_from_before_subjects_were_sealed_says_how_to_go_on(path: Path) -> None:
    assert faults(written(path, content_of(ring(0)))) == (
        "sealing keys: there are none: add them with `glasshouse keys rotate-sealing`"
    )
    KeyOfficer(Settings(key_file=path), SystemClock()).rotate_sealing()
    assert load_keys(path).epochs == ring(0).epochs


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"sealing-1": None}, "one is missing"),
        ({"digest": None}, "one is missing"),
        ({"sealing-3": bytes(KEY_BYTES)}, "does not belong"),
        ({"canary": bytes(KEY_BYTES)}, "does not belong"),
        ({"digest": b"canary"}, "not 32 bytes long"),
        ({"sealing-2": b"canary"}, "not 32 bytes long"),
    ],
)
def test_sealing_keys_of_another_shape_are_refused(
    path: Path, wrong: dict[str, bytes | None], text: str
) -> None:
    save_keys(ring(0), path)
    content = json.loads(path.read_text())
    for name, secret in wrong.items():
        content["secrets"].pop(name, None)
        if secret is not None:
            content["secrets"][name] = in_the_file(secret)
    found = faults(written(path, content))
    assert text in found
    assert "canary" not in found


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"format": 1}',
        '{"format": 1, "epochs": [1]}',
        '{"format": 1, "epochs": [{"epoch": 1, "from_ms": 0, "keys": 5}]}',
        '{"format": 1, "epochs": [{"epoch": 1, "from_ms": 0, "keys": {"governance": "xyz"}}]}',
        '{"format": 1, "epochs": [{"epoch": 1, "from_ms": Infinity, "keys": {}}]}',
        '{"format": 1, "epochs": []}',
        '{"format": 1, "epochs": [{"epoch": 1, "from_ms": 0, "keys": {}}]}',
        '{"format": 2, "epochs": []}',
        '{"format": 2, "epochs": [{"epoch": 1, "from_ms": 0}]}',
        '{"format": 2, "epochs": [{"epoch": 1, "from_ms": 0, "sealed": "canary"}]}',
        '{"format": 2, "epochs": [{"epoch": 1, "from_ms": 0, "sealed": "plain:canary"}]}',
        '{"format": 2, "epochs": [{"epoch": 1, "from_ms": 0, "sealed": "plain:e30="}]}',
        '{"format": 2, "epochs": [{"epoch": 1, "from_ms": -1, "destroyed_ms": 1}]}',
        '{"format": 2, "epochs": [{"epoch": 1, "from_ms": 0, "canary": 1}]}',
        '{"format": 2, "lead_ms": 5, "epochs": [{"epoch": 1, "from_ms": 0, "destroyed_ms": 1}]}',
        '{"format": 2, "secrets": {"a": "canary"}, "epochs": []}',
        '{"format": 3, "epochs": []}',
    ],
)
def test_a_file_of_another_shape_is_refused(path: Path, content: str) -> None:
    assert "canary" not in faults(written(path, content)).replace("epochs.0.canary", "")


def test_a_new_epoch_shares_no_key_with_any_other() -> None:
    every = [key for number in (1, 2) for key in new_epoch(number, 0).keys.values()]
    assert len(set(every)) == 2 * len(DOMAINS)
    assert {len(key) for key in every} == {KEY_BYTES}
    assert set(DOMAINS) == {*PURPOSES, GOVERNANCE}


@given(
    starts=st.sets(st.integers(1, 1_000), max_size=5),
    base_ms=st.integers(0, 1_010) | st.just(MAX_TIME_MS),
)
def test_the_epoch_of_a_batch_is_the_last_that_started_by_its_base_time(
    starts: set[int], base_ms: int
) -> None:
    keys = ring(0, *sorted(starts))
    expected = [epoch for epoch in keys.epochs if epoch.from_ms <= base_ms][-1]
    assert keys.at(base_ms) == expected
    rotated = ring(0, *sorted(starts), MAX_TIME_MS + 1)
    assert rotated.at(base_ms) == expected


def test_an_epoch_is_found_by_its_number() -> None:
    assert ring(0, 5).numbered(2).from_ms == 5
    with pytest.raises(InputError, match="no key epoch 3"):
        ring(0, 5).numbered(3)


def test_no_key_shows_in_a_repr() -> None:
    keys = ring(*EPOCH_STARTS_MS)
    shown = repr(keys)
    for epoch in keys.epochs:
        for key in epoch.keys.values():
            assert key.hex() not in shown
            assert repr(key) not in shown
