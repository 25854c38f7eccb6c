"""`glasshouse subject erase`: the person is gone in every key epoch, and nobody else is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.subject.compacted import Compacted
from deploy.subject.open_eraser import open_eraser
from deploy.subject.person import persons
from deploy.subject.receipt import Receipt, read_receipt
from events.compacted import last_values
from events.consent_key import keys_of
from events.purposes import Purpose
from events.sealing import digest
from events.topics import Topic
from sinks.erase import Erasing
from streams.key_ring import KeyRing
from tests.end_to_end import scenario, tables
from tests.end_to_end.people import people, two_epochs
from tests.end_to_end.recordings import USERS, first_day
from tests.end_to_end.stack import Stack, running_stack
from tests.strategies import SEALING

pytestmark = pytest.mark.service

GONE, STAYS, LATER = USERS[3:6]
TABLES = {"agent_training": "training.interactions", "team_analytics": "analytics.window_partials"}


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, KeyRing]:
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    return file, two_epochs(file, first_day())


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, ring: tuple[Path, KeyRing]) -> Iterator[Stack]:
    """A run at rest: three people with rows in two key epochs."""
    folder = tmp_path_factory.mktemp("erase")
    with running_stack(folder, key_file=ring[0]) as stack:
        scenario.agree(stack)
        scenario.replay(stack, folder, (GONE, STAYS, LATER))
        judge_and_load(stack)
        yield stack


def judge_and_load(stack: Stack, **settings: object) -> None:
    one = Stack(stack.folder, stack.servers, stack.admin, {**stack.more, **settings})
    worker = one.start("worker")
    one.wait_until_judged()
    assert worker.end() == 0
    one.load()


def rows(stack: Stack, ring: KeyRing) -> dict[str, set[tuple[Any, ...]]]:
    """All rows of both purposes' tables, by person."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    for purpose, table in TABLES.items():
        whose = people(ring, Purpose(purpose), USERS)
        for row in tables.rows(stack.data_dir, f"SELECT epoch, pseudonym, * FROM {table} FINAL"):
            found.setdefault(whose[row[0], row[1]], set()).add((table, *row))
    return found


def erase(stack: Stack, *subjects: str) -> Receipt:
    folder = stack.folder / "receipts"
    said = stack.must("subject", "erase", *subjects, "--yes", "--json", "--receipts", folder)
    (file,) = json.loads(said)["receipts"]
    return read_receipt(Path(file))


def test_a_person_is_erased_in_every_epoch_and_nobody_else_is_touched(
    stack: Stack, ring: tuple[Path, KeyRing]
) -> None:
    before = rows(stack, ring[1])
    assert {epoch for _, epoch, *_ in before[GONE]} == {1, 2}
    receipt = erase(stack, GONE)
    after = rows(stack, ring[1])
    assert after == {name: found for name, found in before.items() if name != GONE}
    stores = {each["store"]: each for each in receipt.said["stores"]}
    counted = sum(stores[table]["before"] for table in TABLES.values())
    assert counted >= len(before[GONE])  # with repeats that were not merged yet
    assert receipt.is_about(GONE) and not receipt.is_about(STAYS)
    assert stack.run("reconcile").returncode == 0
    assert stack.run("audit", "verify").returncode == 0


def test_who_was_erased_is_silent_and_has_no_secret(stack: Stack) -> None:
    stack.run("subject", "erase", GONE, "--yes", "--receipts", stack.folder / "receipts")
    words = last_values(stack.settings, Topic.CONSENT)
    names = {name: digest(SEALING.digest_key, name) for name in (GONE, STAYS)}
    found = {name: keys_of([one], words, SEALING.digest_key) for name, one in names.items()}
    assert not found[GONE] and found[STAYS]
    again = stack.run("subject", "erase", GONE, "--yes", "--receipts", stack.folder / "receipts")
    assert again.returncode == 1
    assert "have no secret" in again.stderr and GONE not in again.stderr


def test_a_replay_brings_nothing_back_and_neither_does_who_agrees_anew(
    stack: Stack, ring: tuple[Path, KeyRing]
) -> None:
    stack.run("subject", "erase", GONE, "--yes", "--receipts", stack.folder / "receipts")
    before = rows(stack, ring[1])
    judge_and_load(stack, group_prefix="again")
    assert rows(stack, ring[1]) == before
    stack.must("consent", "acknowledge", GONE, "--purpose", "all")
    stack.must("consent", "grant", GONE, "--purpose", "all")
    judge_and_load(stack, group_prefix="once-more")
    assert rows(stack, ring[1]) == before
    assert stack.run("reconcile").returncode == 0


@pytest.mark.parametrize("step", ["keep_out", "note_batches", "delete", "forget"])
def test_an_erasure_that_was_killed_anywhere_goes_on(
    step: str, stack: Stack, ring: tuple[Path, KeyRing], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    subject = LATER
    settings = stack.settings.model_copy(update={"key_file": ring[0]})
    folder = stack.folder / "receipts"
    owner = Compacted if step == "forget" else Erasing
    with monkeypatch.context() as patch, open_eraser(settings, ring[1], folder, print) as eraser:
        patch.setattr(owner, step, killed)
        with pytest.raises(Killed):
            eraser.erase(persons([subject], settings, ring[1]), Ed25519PrivateKey.generate())
    if step == "forget":
        erase(stack, subject)
        assert subject not in rows(stack, ring[1])
        assert stack.run("reconcile").returncode == 0
