"""A receipt can be checked by anybody, says what it says, and is about one person alone."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from deploy.policy.key_pair import make_key_pair, read_private_key
from deploy.subject.outcome import stores_of
from deploy.subject.receipt import Receipt, read_receipt, signed
from events.data_map import STORES, Kind
from events.errors import InputError
from events.policy import BUNDLED_POLICY, load_policy
from glasshouse import app
from sinks.limits import retention_days
from tests.strategies import NOW_MS

SAID = {"erasure": "e", "began": "b", "ended": "e", "stores": [], "mutations": []}
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ANNA = "canary.anna@example.org"


def verify(path: Path, key: Path, *more: str) -> Result:
    return CliRunner().invoke(
        app, ["subject", "verify", str(path), "--public-key", str(key), *more]
    )


@pytest.fixture
def published(tmp_path: Path) -> tuple[Path, Path]:
    """A receipt's file, and the key as published."""
    public = make_key_pair(tmp_path / "receipts.key", None)
    key = read_private_key(tmp_path / "receipts.key", lambda: b"")
    path = tmp_path / "receipt.json"
    path.write_bytes(signed(key, ANNA, SAID).to_json())
    return path, public


def test_a_receipt_verifies_with_the_public_key_alone(published: tuple[Path, Path]) -> None:
    path, public = published
    assert verify(path, public).exit_code == 0
    assert verify(path, public, "--subject", ANNA).exit_code == 0
    other = verify(path, public, "--subject", "ben")
    assert other.exit_code == 1
    assert "somebody else" in " ".join(other.stderr.split())
    found = json.loads(verify(path, public, "--subject", ANNA, "--json").stdout)
    assert (found["signed"], found["about_the_person"]) == (True, True)


def test_a_receipt_that_was_changed_does_not_verify(published: tuple[Path, Path]) -> None:
    path, public = published
    content = json.loads(path.read_text())
    for changed in (
        {"statement": content["statement"].replace('"began":"b"', '"began":"c"')},
        {"signature": base64.b64encode(bytes(64)).decode()},
    ):
        path.write_text(json.dumps({**content, **changed}))
        result = verify(path, public)
        assert result.exit_code == 1
        assert "not signed by that key" in " ".join(result.stderr.split())


def test_a_receipt_of_another_key_does_not_verify(
    published: tuple[Path, Path], tmp_path: Path
) -> None:
    path, _ = published
    other = make_key_pair(tmp_path / "other.key", None)
    assert verify(path, other).exit_code == 1


def test_without_its_salt_a_receipt_is_about_nobody_and_still_verifies() -> None:
    receipt = signed(KEY, ANNA, SAID)
    assert ANNA.encode() not in receipt.to_json()
    bare = replace(receipt, salt=b"")
    assert bare.is_signed_by(KEY.public_key())
    assert not bare.is_about(ANNA)
    assert signed(KEY, ANNA, SAID).said["about"] != receipt.said["about"]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"statement": "{}", "signature": "", "salt": ""}', b"\xff"]
)
def test_what_is_no_receipt_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "receipt.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no receipt"):
        read_receipt(path)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    receipt = signed(KEY, ANNA, SAID)
    path = tmp_path / "receipt.json"
    path.write_bytes(receipt.to_json())
    assert read_receipt(path) == Receipt(receipt.statement, receipt.signature, receipt.salt)


def test_a_receipt_says_what_became_of_every_store_with_people_in_it() -> None:
    rows = {"training.interactions": 5, "analytics.window_partials": 2}
    said = stores_of(rows, 4, NOW_MS, retention_days(load_policy(BUNDLED_POLICY)))
    assert [each["store"] for each in said] == [each.name for each in STORES if each.is_personal]
    found = {each["store"]: each for each in said}
    assert (found["training.interactions"]["before"], found["consent"]["before"]) == (5, 4)
    for each in said:
        assert ("after" in each) + ("why" in each) + ("gone_by" in each) == 1
    kept = {each["store"] for each in said if "why" in each}
    assert not kept & {
        each.name for each in STORES if each.kind is Kind.TOPIC and each.retention.days
    }
