"""A side's key pair: nobody else reads the private key, and it is never overwritten."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_public_key,
)

from deploy.policy.key_pair import make_key_pair, public_path, read_private_key
from events.errors import InputError


def never() -> bytes:
    raise AssertionError("no password is needed")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("password", [None, b"correct horse"])
def test_the_private_key_is_for_its_owner_alone_and_belongs_to_the_public_one(
    tmp_path: Path, password: bytes | None
) -> None:
    private = tmp_path / "own" / "works-council.key"
    public = make_key_pair(private, password)
    assert (public, mode(private), mode(public)) == (public_path(private), 0o600, 0o644)
    key = read_private_key(private, lambda: password or never())
    assert key.public_key() == load_pem_public_key(public.read_bytes())
    assert (b"ENCRYPTED" in private.read_bytes()) == bool(password)


def test_a_key_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    private = tmp_path / "a.key"
    make_key_pair(private, None)
    before = [path.read_bytes() for path in (private, public_path(private))]
    with pytest.raises(InputError, match="left as it is"):
        make_key_pair(private, None)
    assert [path.read_bytes() for path in (private, public_path(private))] == before


def test_a_key_without_password_that_others_can_read_is_refused(tmp_path: Path) -> None:
    private = tmp_path / "a.key"
    make_key_pair(private, None)
    private.chmod(0o640)
    with pytest.raises(InputError, match="mode 0640, so others can read it: chmod 600"):
        read_private_key(private, never)


def test_a_password_protects_where_the_mode_does_not(tmp_path: Path) -> None:
    private = tmp_path / "a.key"
    make_key_pair(private, b"secret")
    private.chmod(0o644)
    assert read_private_key(private, lambda: b"secret")


@pytest.mark.parametrize("password", [b"wrong", b""])
def test_a_wrong_password_is_said_without_it(tmp_path: Path, password: bytes) -> None:
    private = tmp_path / "a.key"
    make_key_pair(private, b"secret")
    with pytest.raises(InputError, match="does not open") as error:
        read_private_key(private, lambda: password)
    assert "secret" not in str(error.value)


def test_what_is_no_key_of_ours_is_refused(tmp_path: Path) -> None:
    odd = tmp_path / "odd.key"
    with pytest.raises(InputError, match="cannot be read"):
        read_private_key(odd, never)
    odd.write_bytes(b"no key")
    with pytest.raises(InputError, match="no private key in PEM"):
        read_private_key(odd, never)
    other = generate_private_key(SECP256R1())
    odd.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    odd.chmod(0o600)
    with pytest.raises(InputError, match="no Ed25519 key"):
        read_private_key(odd, never)
