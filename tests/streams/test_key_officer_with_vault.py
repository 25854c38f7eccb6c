"""What the key officer does with a real Vault, and what each role can do there."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from events.audit.entry import Act
from events.clock import MS_PER_DAY, FixedClock
from events.errors import GlasshouseError, InputError, Retry, ServerMissing, SettingsError
from streams.key_officer import KeyOfficer
from streams.keys import epoch_name, load_ring, save_keys, service_of
from streams.transit import Transit
from tests.kit.vault_server import Vault
from tests.strategies import NOW_MS, ring
from tests.streams.stores import Store
from tests.streams.test_key_officer import key_material, rotated

pytestmark = [pytest.mark.service, pytest.mark.vault]


@pytest.fixture
def sealed(vault: Vault, tmp_path: Path, clock: FixedClock) -> Store:
    """Two epochs, of which one is over, sealed by Vault."""
    store = Store(tmp_path / "keys.json", vault)
    rotated(store, clock)
    return store


def vault_keys(store: Store) -> frozenset[str]:
    names = service_of("vault", store.settings("officer")).names()
    return frozenset(name for name in names if not name.startswith("secret-"))


def test_the_file_holds_no_key_but_what_vault_alone_opens(sealed: Store) -> None:
    text = sealed.path.read_text()
    assert text.count("vault:v1:") == 4 and "plain:" not in text
    sealing = [secret.hex() for secret in sealed.ring().sealing.to_secrets().values()]
    assert not [secret for secret in (*key_material(sealed.ring()), *sealing) if secret in text]
    assert vault_keys(sealed) == {"epoch-1", "epoch-2"}


def test_the_officer_cannot_open_keys_and_a_worker_can_make_and_destroy_none(
    sealed: Store, clock: FixedClock
) -> None:
    with pytest.raises(SettingsError, match=r"denies .*/decrypt/epoch-1"):
        load_ring(sealed.settings("officer"))
    worker = KeyOfficer(sealed.settings("worker"), clock)
    before = sealed.path.read_bytes()
    for act in (
        lambda: worker.rotate(None, MS_PER_DAY),
        lambda: worker.destroy(1),
        worker.rewrap,
        worker.rotate_sealing,
    ):
        with pytest.raises(SettingsError, match="denies"):
            act()
    assert sealed.path.read_bytes() == before
    assert vault_keys(sealed) == {"epoch-1", "epoch-2"}
    assert sealed.vault is not None
    service: Any = service_of("vault", sealed.settings("officer"))
    name = f"{sealed.vault.mount}/keys/epoch-9"
    with pytest.raises(SettingsError, match="denies"):
        service._call("POST", name, {"type": "aes256-gcm96", "exportable": True}, ())
    with pytest.raises(SettingsError, match="denies"):
        service._call("GET", f"{sealed.vault.mount}/export/encryption-key/epoch-1", None, ())


def test_a_destruction_removes_the_key_from_vault_and_goes_on_after_a_crash(
    sealed: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(self: Transit, name: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Transit, "destroy", crash)
        with pytest.raises(KeyboardInterrupt):
            sealed.officer(clock).destroy(1)
    assert sealed.ring().destroyed == (1,)  # workers go on, and have dropped it
    assert "epoch-1" in vault_keys(sealed)
    sealed.officer(clock).destroy(1)
    assert vault_keys(sealed) == {"epoch-2"}
    with pytest.raises(InputError, match="destroyed before"):
        sealed.officer(clock).destroy(1)


def test_an_interrupted_rotation_is_taken_up_by_the_next(
    sealed: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    before = sealed.path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("streams.key_officer.write_key_file", crash)
        with pytest.raises(KeyboardInterrupt):
            sealed.officer(clock).rotate(None, MS_PER_DAY)
    assert sealed.path.read_bytes() == before
    assert "epoch-3" in vault_keys(sealed)
    sealed.officer(clock).rotate(None, MS_PER_DAY)
    assert len(sealed.ring().epochs) == 3


def test_after_rewrapping_the_keys_are_the_same_and_old_copies_are_worthless(
    sealed: Store, clock: FixedClock
) -> None:
    keys, old = sealed.ring(), sealed.path.read_bytes()
    act = sealed.officer(clock).rewrap()
    assert (act.act, act.epochs) == (Act.KEYS_REWRAP, (1, 2))
    assert sealed.ring() == keys
    assert "vault:v1:" not in sealed.path.read_text()
    sealed.path.write_bytes(old)
    with pytest.raises(SettingsError) as refused:
        sealed.ring()
    assert len(refused.value.faults) == 3


def test_a_move_into_vault_changes_no_key_and_leaves_none_in_the_file(
    vault: Vault, tmp_path: Path, clock: FixedClock
) -> None:
    store = Store(tmp_path / "keys.json", vault)
    keys = ring(0, NOW_MS - MS_PER_DAY)
    save_keys(keys, store.path)
    act = store.officer(clock).move()
    assert (act.act, act.epochs, act.service) == (Act.KEYS_MOVE, (1, 2), "vault")
    assert store.ring() == keys
    assert "plain:" not in store.path.read_text()
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    with pytest.raises(InputError, match="already"):
        store.officer(clock).move()


def test_an_engine_that_another_key_file_uses_is_refused(
    sealed: Store, clock: FixedClock, tmp_path: Path
) -> None:
    other = Store(tmp_path / "other.json", sealed.vault)
    with pytest.raises(InputError, match="has keys of epochs"):
        other.officer(clock).init("vault")
    save_keys(ring(0), other.path)
    with pytest.raises(InputError, match="has keys of epochs"):
        other.officer(clock).move()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"from_ms": 5}, "another number or start"),
        ({"epoch": 3}, "does not open it"),
        ({"sealed": "vault:v1:AAAA"}, "does not open it"),
    ],
)
def test_whoever_can_only_write_the_file_gives_no_epoch_other_keys_or_another_time(
    sealed: Store, change: dict[str, Any], fault: str
) -> None:
    content = json.loads(sealed.path.read_text())
    content["epochs"][1].update(change)
    sealed.path.write_text(json.dumps(content))
    with pytest.raises(SettingsError, match=fault):
        sealed.ring()


def test_sealed_keys_of_two_epochs_cannot_be_exchanged(sealed: Store) -> None:
    content = json.loads(sealed.path.read_text())
    first, second = content["epochs"]
    first["sealed"], second["sealed"] = second["sealed"], first["sealed"]
    sealed.path.write_text(json.dumps(content))
    with pytest.raises(SettingsError, match="does not open it"):
        sealed.ring()


def test_every_trouble_with_vault_is_told_apart_and_says_what_to_do(
    sealed: Store, tmp_path: Path
) -> None:
    assert sealed.vault is not None
    bad_token = tmp_path / "bad.token"
    bad_token.write_text("canary-token")
    troubles: list[tuple[dict[str, Any], type[GlasshouseError], str]] = [
        ({"vault_token_file": bad_token}, SettingsError, "denies .*decrypt.*deploy/vault"),
        ({"vault_token_file": tmp_path / "none"}, SettingsError, "none cannot be read"),
        ({"vault_mount": "nowhere"}, SettingsError, "denies|is a Transit engine mounted at"),
        ({"vault_url": ""}, SettingsError, "vault_url is not set"),
        ({"vault_url": "http://127.0.0.1:9"}, ServerMissing, "does not answer .ConnectError"),
        ({"vault_ca_file": tmp_path / "none"}, SettingsError, "vault_ca_file .* cannot be used"),
    ]
    for change, kind, text in troubles:
        with pytest.raises(kind, match=text) as told:
            load_ring(sealed.settings("worker", **change))
        assert "canary" not in str(told.value)
    sealed.vault.seal()
    try:
        with pytest.raises(ServerMissing, match=r"is sealed.*unseal it"):
            sealed.ring()
        with pytest.raises(Retry, match="is sealed"):
            service_of("vault", sealed.settings("officer")).create(epoch_name(9))
    finally:
        sealed.vault.unseal()
    assert sealed.ring()
