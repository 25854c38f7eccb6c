"""How two sides agree, by the commands that they type."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from deploy.policy.commands import register
from events.errors import GlasshouseError, InputError, SettingsError
from events.policy_folder import policy_path, signature_path
from events.policy_signature import Side
from tests.events.policies import FIRST, NARROWER, WIDER, text

app = typer.Typer()
register(app)


def run(*words: object, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["policy", *map(str, words)], input=answer)


@dataclass(frozen=True, slots=True)
class Parties:
    """Two people with a key pair each, and the folder that they share."""

    folder: Path

    @property
    def policies(self) -> Path:
        return self.folder / "policies"

    def draft(self, data: bytes) -> Path:
        path = self.folder / "draft.toml"
        path.write_bytes(data)
        return path

    def type(self, *words: object, answer: str = "") -> Result:
        shared = [
            *("--policy-dir", self.policies),
            *("--employer-public-key", self.folder / "employer.key.pub"),
            *("--employees-public-key", self.folder / "employees.key.pub"),
        ]
        return run(*words, *shared, answer=answer)

    def sign(self, data: bytes, side: Side, *more: object, answer: str = "") -> Result:
        key = ("--private-key", self.folder / f"{side.value}.key")
        words = ("sign", self.draft(data), "--as", side.value, *key, *more)
        return self.type(*words, answer=answer)

    def agree(self, data: bytes, *sides: Side) -> None:
        for side in sides:
            done = self.sign(data, side, "--yes")
            assert done.exception is None, done.exception

    def object_of(self, *words: object) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.type(*words, "--json").stdout.splitlines()[-1])
        return answer


@pytest.fixture
def parties(tmp_path: Path) -> Parties:
    for side in Side:
        made = run("keygen", tmp_path / f"{side}.key", "--no-password")
        assert made.exit_code == 0
    return Parties(tmp_path)


def refusal(result: Result) -> str:
    assert isinstance(result.exception, GlasshouseError), result.output
    return str(result.exception)


def test_two_sides_agree_step_by_step(parties: Parties) -> None:
    first = parties.sign(FIRST, Side.EMPLOYER, "--yes")
    assert "not signed by the employees' representatives" in first.stdout
    assert parties.type("verify").exit_code == 1
    second = parties.sign(FIRST, Side.EMPLOYEES, "--yes")
    assert "It is signed as it must be" in second.stdout
    assert parties.type("verify").exit_code == 0
    parties.agree(NARROWER, Side.EMPLOYEES)
    shown = parties.object_of("show")
    assert (shown["version"], shown["step"], shown["signed_by"]) == (2, "narrowing", ["employees"])
    assert shown["text"].encode() == NARROWER


def test_signing_shows_what_changes_and_asks_before_it_signs(parties: Parties) -> None:
    parties.agree(FIRST, *Side)
    for answer in ("n\n", "\n", ""):
        done = parties.sign(NARROWER, Side.EMPLOYER, answer=answer)
        assert "purposes.agent_training.grid_px" in done.stdout
        assert "one signature is enough" in done.stdout
        assert done.exception is not None
        assert not policy_path(parties.policies, 2).exists()
    assert parties.sign(NARROWER, Side.EMPLOYER, answer="y\n").exit_code == 0
    assert signature_path(parties.policies, 2, Side.EMPLOYER).exists()


def test_a_widening_with_one_signature_takes_no_effect_and_says_who_is_missing(
    parties: Parties,
) -> None:
    parties.agree(FIRST, *Side)
    parties.agree(NARROWER, Side.EMPLOYER)
    said = parties.sign(WIDER, Side.EMPLOYER, "--yes").stdout
    assert "needs both signatures (purposes.agent_training.grid_px: 8 -> 4)" in said
    assert "not signed by the employees' representatives" in said
    assert parties.object_of("show")["version"] == 2
    verified = parties.object_of("verify")
    assert verified["ok"] is False
    assert verified["versions"][-1] == {
        "version": 3,
        "sha256": verified["versions"][-1]["sha256"],
        "step": "widening",
        "signed_by": ["employer"],
        "in_force": "",
    }
    parties.agree(WIDER, Side.EMPLOYEES)
    assert parties.object_of("show")["version"] == 3


def test_what_is_signed_second_is_what_was_signed_first(parties: Parties) -> None:
    parties.agree(FIRST, Side.EMPLOYER)
    other = parties.sign(FIRST.replace(b"= 4 ", b"= 2 "), Side.EMPLOYEES, "--yes")
    assert "another text waits as version 1" in refusal(other)
    parties.agree(FIRST, Side.EMPLOYEES)


@pytest.mark.parametrize("version", [1, 3])
def test_a_draft_with_another_number_than_the_next_is_refused(
    parties: Parties, version: int
) -> None:
    parties.agree(FIRST, *Side)
    assert "the next one is 2" in refusal(parties.sign(text(version), Side.EMPLOYER, "--yes"))


def test_a_key_of_the_other_side_signs_nothing(parties: Parties) -> None:
    words = ("sign", parties.draft(FIRST), "--as", "employees", "--yes")
    done = parties.type(*words, "--private-key", parties.folder / "employer.key")
    assert "not the key of the employees' representatives" in refusal(done)
    assert not parties.policies.exists()


def test_signing_again_changes_nothing(parties: Parties) -> None:
    parties.agree(FIRST, Side.EMPLOYER)
    assert "left as it is" in refusal(parties.sign(FIRST, Side.EMPLOYER, "--yes"))


def test_a_draft_that_is_no_policy_is_refused_with_every_fault(parties: Parties) -> None:
    done = parties.sign(text(1, grid_px="0", tick_ms="7"), Side.EMPLOYER, "--yes")
    assert isinstance(done.exception, SettingsError)
    assert len(done.exception.faults) == 2


def test_diff_says_direction_and_signatures_needed(parties: Parties) -> None:
    parties.agree(FIRST, *Side)
    draft = parties.draft(text(2, grid_px="8", retention_days="500"))
    shown = parties.object_of("diff", draft)
    assert (shown["step"], shown["signatures_needed"]) == ("widening", 2)
    directions = {each["field"].split(".")[-1]: each["narrows"] for each in shown["changes"]}
    assert directions == {"grid_px": True, "retention_days": False}
    said = parties.type("diff", draft).stdout
    assert "not narrower" in said
    assert "needs both signatures" in said


def test_diff_compares_any_two_files_without_a_key(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(FIRST)
    (tmp_path / "b.toml").write_bytes(NARROWER)
    words = ("diff", tmp_path / "b.toml", "--against", tmp_path / "a.toml", "--json")
    shown = json.loads(run(*words).stdout)
    assert (shown["step"], shown["signatures_needed"]) == ("narrowing", 1)


def test_a_password_is_taken_from_a_file_or_asked_for(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("correct horse\n")
    key = str(tmp_path / "a.key")
    assert run("keygen", key, "--password-file", secret).exit_code == 0
    other = str(tmp_path / "b.key")
    asked = run("keygen", other, answer="battery\nbattery\n")
    assert asked.exit_code == 0
    assert "battery" not in asked.output
    parties = Parties(tmp_path)
    for side, made in ((Side.EMPLOYER, key), (Side.EMPLOYEES, other)):
        Path(made).rename(tmp_path / f"{side}.key")
        Path(f"{made}.pub").rename(tmp_path / f"{side}.key.pub")
    by_file = parties.sign(FIRST, Side.EMPLOYER, "--yes", "--password-file", secret)
    assert by_file.exit_code == 0
    wrong = parties.sign(FIRST, Side.EMPLOYEES, "--yes", answer="wrong\n")
    assert "does not open" in refusal(wrong)
    assert parties.sign(FIRST, Side.EMPLOYEES, "--yes", answer="battery\n").exit_code == 0
    secret.write_text("\n")
    empty = parties.sign(NARROWER, Side.EMPLOYER, "--yes", "--password-file", secret)
    assert "it must hold a password" in refusal(empty)


def test_publishing_needs_a_kafka_and_says_so(parties: Parties) -> None:
    assert isinstance(parties.type("publish").exception, InputError)


def test_a_rehearsal_says_plainly_that_nobody_has_agreed(tmp_path: Path) -> None:
    done = run("rehearse", tmp_path / "trial")
    said = " ".join(done.output.split())
    assert "simulated signatures. Nobody has agreed to anything" in said
    again = run("rehearse", tmp_path / "trial")
    assert again.exit_code == 0


@pytest.mark.parametrize("lost", ["0001.employees.json", "0001.employer.json"])
def test_a_rehearsal_that_died_half_way_is_completed(tmp_path: Path, lost: str) -> None:
    assert run("rehearse", tmp_path).exit_code == 0
    (tmp_path / "policies" / lost).unlink()
    assert run("rehearse", tmp_path).exit_code == 0
    assert (tmp_path / "policies" / lost).exists()
