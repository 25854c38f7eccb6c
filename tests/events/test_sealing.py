"""Sealing: only the private key opens, and nothing of the name shows but that there is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.errors import SettingsError
from events.sealing import (
    KEY_ID_BYTES,
    SUBJECT,
    PrivateKeys,
    PublicKey,
    digest,
    pad,
    routing_key,
    unpad,
)
from events.sealing_file import ROOM_BYTES, load_sealing

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
KEYS = PrivateKeys((OLD, NEW))
PUBLIC = KEYS.public_keys[-1]
names = st.text(min_size=1, max_size=15)


@given(text=st.binary(max_size=100))
def test_what_is_sealed_is_opened_by_the_private_key_and_by_no_other(text: bytes) -> None:
    sealed = PUBLIC.seal(text, SUBJECT)
    assert KEYS.open(sealed, SUBJECT) == text
    assert PrivateKeys((NEW,)).open(sealed, SUBJECT) == text
    assert PrivateKeys((OLD,)).open(sealed, SUBJECT) is None
    assert text not in sealed or len(text) < 4


def test_every_key_pair_goes_on_opening_what_was_sealed_to_it() -> None:
    for public in KEYS.public_keys:
        assert KEYS.open(public.seal(b"anna", SUBJECT), SUBJECT) == b"anna"


def test_a_key_id_that_is_another_keys_opens_nothing() -> None:
    old, new = KEYS.public_keys
    sealed = new.seal(b"anna", SUBJECT)
    assert KEYS.open(old.id + sealed[KEY_ID_BYTES:], SUBJECT) is None


def test_what_was_sealed_as_one_thing_does_not_open_as_another() -> None:
    assert KEYS.open(PUBLIC.seal(b"anna", SUBJECT), b"glasshouse secret of somebody") is None


@given(at=st.integers(0, 99), byte=st.integers(1, 255))
def test_a_changed_byte_opens_nothing(at: int, byte: int) -> None:
    sealed = bytearray(PUBLIC.seal(bytes(48), SUBJECT))
    sealed[at] ^= byte
    assert KEYS.open(bytes(sealed), SUBJECT) is None


@given(data=st.binary(max_size=200))
def test_whatever_the_bytes_nothing_opens_and_nothing_breaks(data: bytes) -> None:
    assert KEYS.open(data, SUBJECT) is None
    assert KEYS.open(PUBLIC.id + data, SUBJECT) is None
    assert len(routing_key(data)) == 16


def test_two_seals_of_one_name_share_nothing_but_the_key_id() -> None:
    one, other = (PUBLIC.seal(pad(b"anna", ROOM_BYTES), SUBJECT) for _ in range(2))
    assert one[:KEY_ID_BYTES] == other[:KEY_ID_BYTES] == PUBLIC.id
    pairs = {one[at : at + 4] for at in range(KEY_ID_BYTES, len(one) - 3)}
    assert not pairs & {other[at : at + 4] for at in range(KEY_ID_BYTES, len(other) - 3)}
    assert routing_key(one) != routing_key(other)


@given(name=names)
def test_the_length_of_a_name_does_not_show(name: str) -> None:
    sealed = PUBLIC.seal(pad(name.encode(), ROOM_BYTES), SUBJECT)
    assert len(sealed) == len(PUBLIC.seal(pad(b"", ROOM_BYTES), SUBJECT)) == ROOM_BYTES + 52


@given(text=st.binary(max_size=63))
def test_what_is_padded_is_unpadded(text: bytes) -> None:
    assert unpad(pad(text, ROOM_BYTES)) == text


def test_what_has_no_room_is_refused_and_what_was_not_padded_is_nothing() -> None:
    with pytest.raises(ValueError, match="longer than the room"):
        pad(bytes(64), 64)
    for wrong in (b"", bytes(64), b"anna", b"anna\x80\x01"):
        assert unpad(wrong) is None


@given(one=names, other=names)
def test_a_digest_tells_people_apart_and_means_nothing_without_its_key(
    one: str, other: str
) -> None:
    assert (digest(OLD, one) == digest(OLD, other)) == (one == other)
    assert digest(OLD, one) != digest(NEW, one)


def test_no_key_shows_in_a_repr() -> None:
    assert OLD.hex() not in repr(KEYS)
    assert repr(OLD) not in repr(KEYS)


def section(**changed: Any) -> dict[str, Any]:
    return {"public_key": PUBLIC.raw.hex(), "room_bytes": 64, **changed}


def written(path: Path, content: object, mode: int = 0o600) -> Path:
    path.write_text(json.dumps(content))
    path.chmod(mode)
    return path


def test_a_producers_file_needs_no_secrecy_and_holds_no_secret(tmp_path: Path) -> None:
    found = load_sealing(written(tmp_path / "file", {"sealing": section()}, 0o644))
    assert (found.public, found.room_bytes, found.digest_key) == (PublicKey(PUBLIC.raw), 64, None)


def test_a_registrars_file_must_be_private(tmp_path: Path) -> None:
    content = {"sealing": section(digest_key=OLD.hex())}
    assert load_sealing(written(tmp_path / "file", content)).digest_key == OLD
    with pytest.raises(SettingsError, match="chmod 600") as error:
        load_sealing(written(tmp_path / "file", content, 0o640))
    assert OLD.hex() not in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"sealing": 5},
        {"sealing": {}},
        {"sealing": section(public_key="00")},
        {"sealing": section(public_key="xyz")},
        {"sealing": section(room_bytes=1)},
        {"sealing": section(room_bytes=130)},
        {"sealing": section(digest_key="00")},
    ],
)
def test_a_sealing_file_of_another_shape_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(SettingsError, match="is no sealing file"):
        load_sealing(written(tmp_path / "file", content))


def test_a_sealing_file_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="glasshouse keys public"):
        load_sealing(tmp_path / "none")
