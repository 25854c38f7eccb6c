"""The key commands: what they make, show and refuse."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner, Result

from events.clock import MS_PER_DAY, MS_PER_HOUR, SystemClock
from events.errors import InputError, ServerMissing, SettingsError
from events.kept_secrets import file_of
from events.purposes import PURPOSES
from events.sealing_file import load_sealing
from events.settings import Settings
from glasshouse import app
from streams.keys import load_keys, save_keys
from tests.kit.secrets import pseudonym, records_of
from tests.kit.vault_server import Vault
from tests.strategies import SEALING, ring


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "keys.json"


def keys(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        app, ["keys", *arguments, "--key-file", str(path), "--data-dir", str(path.parent)]
    )


def rows(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def refused(result: Result, kind: type[Exception], *texts: str) -> None:
    assert isinstance(result.exception, kind)
    for text in texts:
        assert text in str(result.exception)


def known_here(path: Path, subject: str = "user12") -> None:
    """After a trial the data directory has everybody's secret."""
    sealing = load_keys(path).sealing
    content = {key.hex(): value.hex() for key, value in records_of([subject], sealing).items()}
    file_of(Settings(data_dir=path.parent)).write_text(json.dumps(content))


def test_init_makes_a_private_file_once(path: Path) -> None:
    assert keys(path, "init").exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    refused(keys(path, "init"), InputError, "left as it is")
    assert path.read_bytes() == before


def test_list_shows_epochs_and_never_a_key(path: Path) -> None:
    save_keys(ring(0, MS_PER_DAY), path)
    result = keys(path, "list", "--json")
    (found,) = rows(result)
    assert (found["service"], found["lead_ms"]) == ("file", MS_PER_HOUR)
    epochs = cast("list[dict[str, object]]", found["epochs"])
    assert [(each["epoch"], each["from"], each["state"]) for each in epochs] == [
        (1, "1970-01-01T00:00:00+00:00", "in the file"),
        (2, "1970-01-02T00:00:00+00:00", "in the file"),
    ]
    for epoch in ring(0, MS_PER_DAY).epochs:
        assert not [key for key in epoch.keys.values() if key.hex() in result.output]


def test_rotate_adds_an_epoch_ahead_and_leaves_the_old_ones(path: Path) -> None:
    save_keys(ring(0), path)
    now_ms = SystemClock().now_ms()
    assert keys(path, "rotate").exit_code == 0
    old, new = load_keys(path).epochs
    assert old == ring(0).epochs[0]
    assert new.epoch == 2
    assert 0 <= new.from_ms - (now_ms + MS_PER_DAY) < MS_PER_HOUR
    assert keys(path, "rotate", "--from", "2999-01-01").exit_code == 0
    last = load_keys(path).epochs[-1]
    assert last.from_ms == datetime(2999, 1, 1, tzinfo=UTC).timestamp() * 1_000
    refused(keys(path, "rotate"), InputError, "after the last epoch")
    refused(keys(path, "rotate", "--from", "2020-01-01"), InputError, "60 minutes ahead")
    assert len(load_keys(path).epochs) == 3


def test_rotate_keeps_the_sealing_keys(path: Path) -> None:
    save_keys(ring(0), path)
    assert keys(path, "rotate").exit_code == 0
    assert load_keys(path).sealing == SEALING


def test_public_exports_no_secret_and_the_registrars_file_is_private(path: Path) -> None:
    save_keys(ring(0), path)
    for_producers, for_registrars = path.with_name("producer"), path.with_name("registrar")
    assert keys(path, "public", "--to", str(for_producers)).exit_code == 0
    assert load_sealing(for_producers) == SEALING.exported()
    secrets = [SEALING.digest_key, *SEALING.private.raws, *ring(0).epochs[0].keys.values()]
    assert not [secret for secret in secrets if secret.hex() in for_producers.read_text()]
    longer = ("--registrar", "--longest-subject-bytes", "128")
    assert keys(path, "public", "--to", str(for_registrars), *longer).exit_code == 0
    assert load_sealing(for_registrars) == SEALING.exported(129, for_registrar=True)
    assert stat.S_IMODE(for_registrars.stat().st_mode) == 0o600
    assert SEALING.private.raws[0].hex() not in for_registrars.read_text()


def test_rotate_sealing_adds_a_key_pair_and_leaves_the_old_one_to_open(path: Path) -> None:
    save_keys(ring(0), path)
    assert keys(path, "rotate-sealing").exit_code == 0
    rotated = load_keys(path)
    assert rotated.epochs == ring(0).epochs
    assert rotated.sealing.private.raws[0] == SEALING.private.raws[0]
    assert rotated.sealing.digest_key == SEALING.digest_key
    assert rotated.sealing.public != SEALING.public


def test_a_pseudonym_is_given_for_every_purpose_and_epoch_or_the_one_asked_for(path: Path) -> None:
    save_keys(ring(0, 5), path)
    refused_for_none = keys(path, "pseudonym", "user12")
    assert refused_for_none.exit_code == 1
    assert "user12" not in refused_for_none.output
    known_here(path)
    expected = [
        {
            "purpose": purpose.value,
            "epoch": epoch.epoch,
            "pseudonym": str(pseudonym(epoch, purpose, "user12")),
        }
        for purpose in PURPOSES
        for epoch in ring(0, 5).epochs
    ]
    assert rows(keys(path, "pseudonym", "user12", "--json")) == expected
    one = ("--purpose", "team_analytics", "--epoch", "2")
    assert rows(keys(path, "pseudonym", "user12", "--json", *one)) == expected[-1:]
    refused(keys(path, "pseudonym", "user12", "--epoch", "9"), InputError, "no key epoch 9")
    refused(keys(path, "pseudonym", ""), InputError, "1 to 128 bytes")
    refused(keys(path, "pseudonym", "canary\udc80"), InputError, "1 to 128 bytes")


def test_without_a_sound_key_file_nothing_is_given(path: Path) -> None:
    refused(keys(path, "pseudonym", "user12"), SettingsError, "glasshouse keys init")
    save_keys(ring(0), path)
    path.chmod(0o644)
    refused(keys(path, "pseudonym", "user12"), SettingsError, "chmod 600")


def test_destroying_asks_first_and_then_nobody_gets_that_pseudonym(path: Path) -> None:
    save_keys(ring(0, 5, MS_PER_DAY), path)
    whole = path.read_bytes()
    refused(keys(path, "destroy", "2"), InputError, "say --yes")
    assert path.read_bytes() == whole
    done = keys(path, "destroy", "2", "--yes", "--json")
    assert rows(done) == [{"act": "keys destroy", "epochs": [2], "service": "file"}]
    assert "every backup of the key file still has them" in " ".join(done.stderr.split())
    refused(keys(path, "pseudonym", "user12", "--epoch", "2"), InputError, "was destroyed")
    known_here(path)
    left = keys(path, "pseudonym", "user12", "--json")
    assert {row["epoch"] for row in rows(left)} == {1, 3}
    assert "destroyed epochs: 2" in " ".join(left.stderr.split())
    (found,) = rows(keys(path, "list", "--json"))
    epochs = cast("list[dict[str, object]]", found["epochs"])
    assert [each["state"] for each in epochs] == ["in the file", "destroyed", "in the file"]
    assert epochs[1]["destroyed"] and epochs[1]["destroyed_by"]
    assert "destroyed" in keys(path, "list").output
    refused(keys(path, "destroy", "2", "--yes"), InputError, "destroyed before")
    refused(keys(path, "destroy", "3", "--yes"), InputError, "in use")


def test_a_key_service_that_is_not_there_ends_every_command_with_what_to_do(path: Path) -> None:
    token = path.with_name("token")
    token.write_text("canary-token")
    away = ("--vault-url", "http://127.0.0.1:9", "--vault-token-file", str(token))
    save_keys(ring(0), path)
    whole = path.read_bytes()
    result = keys(path, "move", *away)
    refused(result, ServerMissing, "does not answer", "again when it answers")
    path.unlink()
    refused(keys(path, "init", *away), ServerMissing, "does not answer")
    assert not path.exists()
    path.write_bytes(whole)
    path.chmod(0o600)
    refused(keys(path, "rewrap"), InputError, "nothing to rewrap")
    assert "canary" not in result.output


@pytest.mark.service
@pytest.mark.vault
def test_every_command_works_with_vault(path: Path, vault: Vault) -> None:
    def run(role: str, *arguments: str) -> Result:
        own = ("--vault-url", vault.url, "--vault-mount", vault.mount)
        return keys(path, *arguments, *own, "--vault-token-file", str(vault.token_file(role)))

    (made,) = rows(run("officer", "init", "--json"))
    assert made == {"act": "keys init", "epochs": [1], "service": "vault"}
    exported = path.with_name("registrar")
    public = ("public", "--registrar", "--to", str(exported))
    assert run("worker", *public).exit_code == 0
    before = load_sealing(exported)
    (rotated,) = rows(run("officer", "rotate", "--json", "--from", "2999-01-01"))
    assert rotated["start"] == "2999-01-01T00:00:00+00:00"
    (sealing,) = rows(run("officer", "rotate-sealing", "--json"))
    (rewrapped,) = rows(run("officer", "rewrap", "--json"))
    assert rewrapped["epochs"] == [1, 2]
    assert run("worker", *public).exit_code == 0
    after = load_sealing(exported)
    assert (after.digest_key, after.public.id.hex()) == (before.digest_key, sealing["key"])
    assert after.public != before.public
    (found,) = rows(keys(path, "list", "--json"))  # needs no service
    assert found["service"] == "vault"
    refused(run("officer", "public"), SettingsError, "denies")
    refused(run("worker", "rotate-sealing"), SettingsError, "denies")
