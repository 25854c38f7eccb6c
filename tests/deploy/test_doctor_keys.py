"""The doctor finds what is wrong with the keys, in the file and in a real Vault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.doctor.finding import Finding
from deploy.doctor.keys import check_keys
from events.clock import MS_PER_DAY, SystemClock
from events.settings import Settings
from streams.key_file import changing, read_key_file, write_key_file
from streams.key_officer import KeyOfficer
from streams.keys import save_keys, service_of
from tests.kit.vault_server import Vault, running_vault
from tests.strategies import ring

with_vault = pytest.mark.vault


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with running_vault(tmp_path_factory.mktemp("vault")) as vault:
        yield vault


@pytest.fixture
def vault(server: Vault, tmp_path: Path) -> Vault:
    """A server with the keys of one key file: two epochs, the first of them over."""
    server.new_mount()
    save_keys(ring(0, MS_PER_DAY), tmp_path / "keys.json")
    officer_of(server, tmp_path).move()
    return server


def officer_of(vault: Vault, folder: Path) -> KeyOfficer:
    return KeyOfficer(vault.settings("officer", key_file=folder / "keys.json"), SystemClock())


def found(vault: Vault, folder: Path, **more: object) -> list[Finding]:
    return list(check_keys(vault.settings("worker", key_file=folder / "keys.json", **more)))


def faults(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.check, one.found) for one in findings if not one.ok]


def test_a_file_alone_is_told_with_what_was_destroyed(tmp_path: Path) -> None:
    settings = Settings(key_file=tmp_path / "keys.json")
    save_keys(ring(0, 5), settings.keys_path)
    assert [one.found for one in check_keys(settings)] == ["2 epoch(s), mode 0600"]
    KeyOfficer(settings, SystemClock()).destroy(1)
    assert [one.found for one in check_keys(settings)] == ["2 epoch(s), 1 destroyed, mode 0600"]
    settings.keys_path.write_text("{}")
    (broken,) = check_keys(settings)
    assert "never make a new one" in broken.remedy


@pytest.mark.service
@with_vault
def test_sound_keys_in_vault_have_no_fault(vault: Vault, tmp_path: Path) -> None:
    findings = found(vault, tmp_path)
    assert faults(findings) == []
    assert [one.found for one in findings] == ["2 epoch(s), mode 0600", "opens all keys, 4 there"]


@pytest.mark.service
@with_vault
def test_a_sealed_vault_and_a_wrong_token_are_found(vault: Vault, tmp_path: Path) -> None:
    vault.seal()
    try:
        ((check, text),) = faults(found(vault, tmp_path, server_timeout_s=1))
        assert check == "key service" and "is sealed" in text
    finally:
        vault.unseal()
    bad = tmp_path / "bad.token"
    bad.write_text("canary")
    ((_, text),) = faults(found(vault, tmp_path, vault_token_file=bad))
    assert "denies" in text and "canary" not in text


@pytest.mark.service
@with_vault
def test_a_token_that_may_do_more_than_a_worker_needs_is_found(
    vault: Vault, tmp_path: Path
) -> None:
    root = tmp_path / "root.token"
    root.write_text(vault.root)
    ((_, text),) = faults(found(vault, tmp_path, vault_token_file=root))
    assert text == "this token opens keys and also changes them"


@pytest.mark.service
@with_vault
def test_a_destruction_that_was_not_completed_is_found(vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with changing(path):
        stored, _ = read_key_file(path)
        gone = stored.epochs[0].model_copy(update={"sealed": None, "destroyed_ms": 1})
        write_key_file(stored.model_copy(update={"epochs": (gone, stored.epochs[1])}), path)
    ((check, _),) = faults(found(vault, tmp_path))
    assert check == "key epoch-1"
    officer_of(vault, tmp_path).destroy(1)
    assert faults(found(vault, tmp_path)) == []


@pytest.mark.service
@with_vault
def test_a_key_file_that_is_behind_is_found(vault: Vault, tmp_path: Path) -> None:
    service_of("vault", vault.settings("officer")).create("epoch-3")
    assert [check for check, _ in faults(found(vault, tmp_path))] == ["key epoch-3"]
