"""The folder of policies: each side adds a file, and anything else is found out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from events.errors import InputError, PolicyRefused, SettingsError
from events.policy_folder import (
    add_signature,
    agreed_policy,
    policy_path,
    read_folder,
    signature_path,
    verified_policy,
)
from events.policy_signature import Side, SignedPolicy, trust_anchors
from events.settings import Settings
from tests.events.policies import EMPLOYEES, EMPLOYER, FIRST, NARROWER, WIDER, Pen, text

PEN = Pen()


def public(path: Path, key: Ed25519PrivateKey) -> Path:
    path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty folder, and both sides' public keys."""
    return Settings(
        policy_dir=tmp_path / "policies",
        employer_public_key=public(tmp_path / "employer.pub", PEN.keys[EMPLOYER]),
        employees_public_key=public(tmp_path / "employees.pub", PEN.keys[EMPLOYEES]),
    )


def add(settings: Settings, signed: SignedPolicy) -> None:
    for side in signed.signatures:
        add_signature(settings.policies_path, side, signed, sha256(signed.data).hexdigest())


def both(data: bytes, before: bytes | None = None) -> SignedPolicy:
    return PEN.signed(data, EMPLOYER, EMPLOYEES, before=before)


def test_what_both_have_signed_is_in_force_by_its_exact_bytes(settings: Settings) -> None:
    add(settings, both(FIRST))
    agreed = agreed_policy(settings)
    assert agreed.signed.data == policy_path(settings.policies_path, 1).read_bytes() == FIRST
    assert verified_policy(settings).sha256 == sha256(FIRST).hexdigest()


def test_without_a_policy_nothing_is_in_force(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="there is none: sign the first"):
        verified_policy(settings)


@pytest.mark.parametrize("side", list(Side))
def test_a_first_version_with_one_signature_is_not_in_force_and_says_who_is_missing(
    settings: Settings, side: Side
) -> None:
    add(settings, PEN.signed(FIRST, side))
    (other,) = set(Side) - {side}
    with pytest.raises(PolicyRefused, match=f"not signed by {other.named}"):
        verified_policy(settings)


def test_the_second_signature_puts_it_into_force(settings: Settings) -> None:
    for side in Side:
        add(settings, PEN.signed(FIRST, side))
    assert verified_policy(settings).version == 1


def test_while_the_newest_waits_the_one_before_is_in_force(settings: Settings) -> None:
    add(settings, both(FIRST))
    add(settings, PEN.signed(NARROWER, EMPLOYEES, before=FIRST))
    add(settings, PEN.signed(WIDER, EMPLOYER, before=NARROWER))
    found = read_folder(settings)
    assert found.waiting is not None
    assert found.refusal is not None
    assert found.refusal.waits_for == ("employees",)
    assert verified_policy(settings).version == 2


def test_a_file_that_nobody_has_signed_waits_too(settings: Settings) -> None:
    add(settings, both(FIRST))
    policy_path(settings.policies_path, 2).write_bytes(NARROWER)
    refusal = read_folder(settings).refusal
    assert refusal is not None
    assert refusal.waits_for == ("employer", "employees")


def change(name: str, old: str, new: str) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        path = folder / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    return edit


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (change("0001.toml", "grid_px = 4 ", "grid_px = 1 "), "was changed after the employer and"),
        (change("0002.toml", "grid_px = 8", "grid_px = 1"), "after the employees' representatives"),
        (lambda folder: (folder / "0001.toml").unlink(), "0001.employees.json signs a file that"),
        (lambda folder: (folder / "0001.employer.json").unlink(), "not signed by the employer"),
        (change("0001.employer.json", '"version": 1', '"version": 2'), "the name of another"),
        (change("0001.employer.json", '"employer"', '"employees"'), "the name of another"),
        (change("0001.employer.json", '"format": 1', '"format": 2'), "format"),
        (change("0001.employer.json", '"signature": "', '"signature": "!'), "signature"),
        (
            change("0002.employees.json", '"previous_sha256": "', '"previous_sha256": "0'),
            "previous",
        ),
        (lambda folder: (folder / "0002.employees.json").write_text("{"), "signature file"),
        (lambda folder: (folder / "0002.toml").write_bytes(bytes(70_000)), "larger than 65536"),
        (lambda folder: (folder / "0004.toml").write_bytes(text(4)), "follows version 3"),
    ],
)
def test_whatever_is_wrong_in_the_folder_is_refused(
    settings: Settings, spoil: Callable[[Path], object], said: str
) -> None:
    add(settings, both(FIRST))
    add(settings, PEN.signed(NARROWER, EMPLOYEES, before=FIRST))
    assert verified_policy(settings).version == 2
    spoil(settings.policies_path)
    with pytest.raises(SettingsError, match=said):
        verified_policy(settings)


def test_a_forged_file_with_a_hash_that_fits_is_refused(settings: Settings) -> None:
    """Whoever can write to the folder can make everything fit but the signature."""
    add(settings, both(FIRST))
    wide = FIRST.replace(b"grid_px = 4 ", b"grid_px = 1 ")
    policy_path(settings.policies_path, 1).write_bytes(wide)
    for side in Side:
        path = signature_path(settings.policies_path, 1, side)
        said = json.loads(path.read_text()) | {"sha256": sha256(wide).hexdigest()}
        path.write_text(json.dumps(said))
    with pytest.raises(SettingsError, match="not one by their key over this version") as error:
        verified_policy(settings)
    assert len(error.value.faults) == 2


def test_nothing_that_is_there_is_ever_overwritten(settings: Settings) -> None:
    add(settings, both(FIRST))
    before = {path: path.read_bytes() for path in settings.policies_path.iterdir()}
    other = both(text(1, grid_px="8"))
    for signed in (other, both(FIRST)):
        with pytest.raises(InputError, match="left as it is"):
            add(settings, signed)
    assert {path: path.read_bytes() for path in settings.policies_path.iterdir()} == before


@pytest.mark.parametrize("step", ["fsync", "hardlink_to"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_crash_while_signing_leaves_what_can_be_signed_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str, nth: int
) -> None:
    calls = 0

    def die(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            nonlocal calls
            calls += 1
            if calls == nth:
                raise KeyboardInterrupt
            return real(*arguments)

        return call

    owner: object = os if step == "fsync" else Path
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, die(getattr(owner, step)))
        try:
            add(settings, PEN.signed(FIRST, EMPLOYER))
        except KeyboardInterrupt:
            assert calls == nth
    for side in Side:
        if not signature_path(settings.policies_path, 1, side).exists():
            add(settings, PEN.signed(FIRST, side))
    assert verified_policy(settings).version == 1
    assert not [path for path in settings.policies_path.iterdir() if path.name.startswith(".")]


def test_one_key_for_both_sides_is_refused(settings: Settings) -> None:
    same = settings.model_copy(update={"employer_public_key": settings.employees_public_key})
    with pytest.raises(SettingsError, match="both sides have the same key"):
        trust_anchors(same)


def test_every_key_that_cannot_be_used_is_named(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        trust_anchors(Settings())
    assert len(error.value.faults) == 2
    assert "--employer-public-key (GLASSHOUSE_EMPLOYER_PUBLIC_KEY)" in error.value.faults[0]
    odd = tmp_path / "odd.pub"
    for content, said in (
        (b"no key", "no public key in PEM"),
        (
            generate_private_key(SECP256R1())
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "no Ed25519 key",
        ),
    ):
        odd.write_bytes(content)
        with pytest.raises(SettingsError, match=said):
            trust_anchors(settings.model_copy(update={"employer_public_key": odd}))
    with pytest.raises(SettingsError, match="cannot be read"):
        trust_anchors(settings.model_copy(update={"employer_public_key": tmp_path / "none"}))


def test_versions_from_before_a_side_had_a_new_key_are_passed_over(
    settings: Settings, tmp_path: Path
) -> None:
    add(settings, both(FIRST))
    add(settings, PEN.signed(NARROWER, EMPLOYEES, before=FIRST))
    new = Pen({**PEN.keys, EMPLOYER: Ed25519PrivateKey.generate()})
    key = public(tmp_path / "new.pub", new.keys[EMPLOYER])
    renewed = settings.model_copy(update={"employer_public_key": key})
    with pytest.raises(PolicyRefused, match="the employer is not one by their key"):
        verified_policy(renewed)
    add(renewed, new.signed(WIDER, EMPLOYER, EMPLOYEES, before=NARROWER))
    assert verified_policy(renewed).version == 3
