"""Keys are rotated under load while two workers are killed and started again, everything is read
again across the boundary, and then the old epoch is destroyed."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from events.batch import InteractionBatch
from events.clock import MS_PER_S, SystemClock
from events.codec import Codec
from events.policy import BUNDLED_POLICY, Policy, load_policy
from events.purposes import PURPOSES, Purpose
from events.settings import Settings
from events.topics import SPEC, Topic
from producers.publisher import Publisher
from streams.key_file import Service
from streams.key_officer import KeyOfficer
from streams.key_ring import KeyRing
from streams.keys import load_ring
from streams.pseudonymise import pseudonym_of
from streams.sealing_keys import export
from tests.end_to_end import tables
from tests.end_to_end.stack import Running, Stack, running_stack, wait_until
from tests.kit.agreed import agreed_in
from tests.kit.secrets import give_secrets
from tests.kit.vault_server import running_vault
from tests.oracle import World, of_the_willing, secret_of
from tests.producers.read_back import everything_on
from tests.strategies import fixed_id, sound_batch

pytestmark = pytest.mark.service

#: Long enough for a loaded machine: a worker that looks too seldom waits, and judges nothing wrong.
LEAD_S = 24
PEOPLE = [f"person-{number}" for number in range(20)]
_EVENTS = tuple((10 * (place > 0), 0, place, place, 0, 0) for place in range(5))

ROWS = """
SELECT batch, `index`, pseudonym, epoch, sequence FROM training.interactions FINAL ORDER BY ALL"""
PARTIALS = """
SELECT batch, pseudonym, epoch, event_count FROM analytics.window_partials FINAL ORDER BY ALL"""
BOOKS = """
SELECT sum(event_count), sum(passed_count), sum(rejected['epoch_destroyed'])
FROM governance.accounting FINAL"""


@dataclass
class Load:
    """Publishes batches of everybody's, dated now, until it is told to stop."""

    settings: Settings
    batches: list[InteractionBatch] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join()

    def _run(self) -> None:
        with Publisher(self.settings, Codec()) as publisher:
            for number in count():
                if self._stop.wait(0.005):
                    return
                batch = batch_of(number, SystemClock().now_ms())
                publisher.publish(batch)
                self.batches.append(batch)


def batch_of(number: int, base_time_ms: int) -> InteractionBatch:
    person = number % len(PEOPLE)
    return sound_batch(
        *_EVENTS,
        subject=PEOPLE[person],
        batch_id=fixed_id("rotation", number),
        session=fixed_id("session", person),
        sequence=number,
        base_time_ms=base_time_ms,
    )


@dataclass
class Rotated:
    """What is there after the run: all batches, the ring before anything was destroyed."""

    stack: Stack
    batches: list[InteractionBatch]
    ring: KeyRing
    policy: Policy
    officer: KeyOfficer
    key_backup: bytes

    def destroy_if_it_is_there(self) -> None:
        """Destroy the first epoch; all that run have dropped it then."""
        if not load_ring(self.stack.settings).destroyed:
            self.officer.destroy(1)
        running = [one for one in self.stack.running if one.process.poll() is None]
        assert len(running) == 2
        logs = [one.log_file for one in running]
        wait_until(lambda: all("destroyed=1" in log.read_text() for log in logs), "their looks")


@pytest.fixture(scope="module", params=["file", pytest.param("vault", marks=pytest.mark.vault)])
def rotated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rotated]:
    folder: Path = tmp_path_factory.mktemp("rotation")
    kind: Service = request.param
    if kind == "file":
        yield from _run(folder, kind, {}, {})
    else:
        vault_folder = tmp_path_factory.mktemp("vault")
        with running_vault(vault_folder) as vault:
            own = {"vault_url": vault.url, "vault_mount": vault.mount}
            worker = {**own, "vault_token_file": vault.token_file("worker")}
            yield from _run(
                folder, kind, worker, {**own, "vault_token_file": vault.token_file("officer")}
            )


def _run(
    folder: Path, kind: Service, worker: dict[str, Any], officer_has: dict[str, Any]
) -> Iterator[Rotated]:
    policy_file = folder / "policy.toml"
    text = BUNDLED_POLICY.read_text(encoding="utf-8")
    short = text.replace("clock_tolerance_ms = 300_000", "clock_tolerance_ms = 2_000")
    assert short != text
    policy_file.write_text(short, encoding="utf-8")
    keys = folder / "keys.json"
    officer = KeyOfficer(Settings(key_file=keys, **officer_has), SystemClock())
    officer.init(kind, LEAD_S * MS_PER_S)
    registrar = folder / "registrar.json"
    opened = load_ring(Settings(key_file=keys, **worker))
    export(opened.sealing.exported(for_registrar=True), registrar)
    policy = agreed_in(folder / "agreed", policy_file)
    own = {"key_file": keys, "sealing_file": registrar, "take_messages": 16, **policy, **worker}
    with running_stack(folder / "stack", **own) as stack:
        give_secrets(stack.settings, PEOPLE)
        batches = _rotate_under_load(stack, officer)
        stack.load()
        ring = load_ring(stack.settings)
        yield Rotated(stack, batches, ring, load_policy(policy_file), officer, keys.read_bytes())


def _rotate_under_load(stack: Stack, officer: KeyOfficer) -> list[InteractionBatch]:
    """Two workers take a rotation while they run; one is killed before its moment and one after
    it, and both are started again."""
    stack.must("consent", "acknowledge", *PEOPLE, "--purpose", "all")
    stack.must("consent", "grant", *PEOPLE, "--purpose", "all")
    first, second = stack.start("worker"), stack.start("worker")
    for one in (first, second):  # else they start with the new file, and nothing is taken
        _wait_for("worker starts", one)
    load = Load(stack.settings)
    load.start()
    try:
        wait_until(lambda: len(load.batches) > 200, "a load")
        _, start_ms = officer.rotate(None, (LEAD_S + 4) * MS_PER_S)
        _wait_for("keys reloaded", first)
        _wait_for("keys reloaded", second)
        assert SystemClock().now_ms() < start_ms, "too slow a machine for this lead"
        _sleep_until(start_ms - 1_500)
        first.end(signal.SIGKILL)
        stack.start("worker")
        _sleep_until(start_ms + 1_500)
        second.end(signal.SIGKILL)
        stack.start("worker")
        _sleep_until(start_ms + 5_000)
    finally:
        load.stop()
    stack.wait_until_judged()
    return load.batches


def _wait_for(text: str, worker: Running) -> None:
    wait_until(lambda: text in worker.log_file.read_text(), f"a worker says {text}")


def _sleep_until(at_ms: int) -> None:
    time.sleep(max(0, at_ms - SystemClock().now_ms()) / MS_PER_S)


def read_all_again(rotated: Rotated, group: str) -> None:
    """A worker of another group judges everything from the beginning, and all of it is loaded."""
    stack = rotated.stack
    again = Stack(stack.folder, stack.servers, stack.admin, {**stack.more, "group_prefix": group})
    worker = again.start("worker")
    again.wait_until_judged()
    assert worker.end() == 0
    stack.load()


def expected_rows(rotated: Rotated) -> list[tuple[int, ...]]:
    epochs = [(each.epoch, each.from_ms, each.keys) for each in rotated.ring.epochs]
    world = World((), rotated.policy, epochs, SystemClock().now_ms())
    found: list[tuple[int, ...]] = []
    for batch in rotated.batches:
        _, rows = of_the_willing(batch, Purpose.AGENT_TRAINING, world)
        for (name, index), (person, _, epoch, sequence, *_) in rows.items():
            found.append(cast("tuple[int, ...]", (name, index, person, epoch, sequence)))
    return sorted(found)


def test_no_event_is_lost_or_doubled_by_a_rotation_under_load(rotated: Rotated) -> None:
    expected = expected_rows(rotated)
    assert {row[3] for row in expected} == {1, 2}
    found = tables.rows(rotated.stack.data_dir, ROWS)
    assert len(found) == len(rotated.batches) * len(_EVENTS)
    assert [tuple(row) for row in found] == expected
    assert rotated.stack.run("reconcile").returncode == 0


def test_everything_read_again_after_the_rotation_collapses_onto_the_same_rows(
    rotated: Rotated,
) -> None:
    before = tables.read(rotated.stack.data_dir, rows=ROWS, partials=PARTIALS)
    read_all_again(rotated, "again")
    after = tables.read(rotated.stack.data_dir, rows=ROWS, partials=PARTIALS)
    for name, table in before.items():
        assert len(table) and after[name].equals(table), name
    assert rotated.stack.run("audit", "verify").returncode == 0


def test_rows_of_a_destroyed_epoch_are_unlinkable_and_a_replay_changes_none_of_them(
    rotated: Rotated,
) -> None:
    stack = rotated.stack
    before = tables.read(stack.data_dir, rows=ROWS, partials=PARTIALS)
    rotated.destroy_if_it_is_there()
    late = batch_of(10_000_000, rotated.ring.epochs[1].from_ms - 1)
    with Publisher(stack.settings, Codec()) as publisher:
        publisher.publish(late)
    read_all_again(rotated, "late")
    after = tables.read(stack.data_dir, rows=ROWS, partials=PARTIALS)
    for name, table in before.items():
        assert after[name].equals(table), name
    assert stack.run("reconcile").returncode == 0
    ((events, passed, refused),) = tables.rows(stack.data_dir, BOOKS)
    assert refused == len(PURPOSES) * len(late)
    assert events == passed + refused
    # With all that is left and everybody's secret, nobody of the old epoch is found.
    left = load_ring(stack.settings)
    guesses = {
        pseudonym_of(key, secret_of(person))
        for epoch in left.live
        for key in epoch.keys.values()
        for person in PEOPLE
    }
    old = {row[2] for row in tables.rows(stack.data_dir, ROWS) if row[3] == 1}
    new = {row[2] for row in tables.rows(stack.data_dir, ROWS) if row[3] == 2}
    assert len(old) == len(new) == len(PEOPLE)
    assert not guesses & old
    assert guesses >= new


def test_the_commands_say_that_the_epoch_is_gone(rotated: Rotated) -> None:
    rotated.destroy_if_it_is_there()
    stack = rotated.stack
    batch = next(row[0] for row in tables.rows(stack.data_dir, ROWS) if row[3] == 1)
    named = ("trace", "--purpose", "agent_training", "--batch", batch)
    told = stack.run(*named, "--epoch", 1)
    assert told.returncode != 0 and "key epoch 1 was destroyed" in told.stderr
    untold = stack.run(*named)
    assert untold.returncode == 1 and "destroyed (1)" in untold.stderr
    asked = stack.run("keys", "pseudonym", PEOPLE[0], "--epoch", 1)
    assert asked.returncode != 0 and "key epoch 1 was destroyed" in asked.stderr
    found = json.loads(stack.must("keys", "list", "--json"))
    assert [each["state"] == "destroyed" for each in found["epochs"]] == [True, False]


def test_no_key_is_in_any_log_or_topic(rotated: Rotated) -> None:
    stack = rotated.stack
    every = [key for epoch in rotated.ring.epochs for key in epoch.keys.values()]
    said = stack.logs() + "".join(stack.said)
    assert not [key for key in every if key.hex() in said]
    for topic in Topic:
        partitions = stack.settings.kafka_partitions if SPEC[topic].partitioned else 1
        for message in everything_on(topic, stack.settings, partitions):
            value = message.value() or b""
            assert not [key for key in every if key in value or key.hex().encode() in value]
