"""Running workers take new epochs by themselves, and judge nothing that they may not know."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.clock import MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE, Clock, FixedClock, SystemClock
from events.errors import ServerMissing, SettingsError
from events.sealing import KEY_BYTES, SUBJECT
from events.settings import Settings
from streams.key_file import LEAD_MS
from streams.key_officer import KeyOfficer
from streams.keys import save_keys
from streams.ring_reader import RingReader
from streams.sealing_keys import SealingKeys
from tests.kit.vault_server import Vault
from tests.strategies import NOW_MS, ring
from tests.streams.stores import Store

AHEAD_MS = 5 * MS_PER_MINUTE  # what the policy tolerates
HALF_MS = LEAD_MS // 2


def reader_of(store: Store, clock: Clock) -> RingReader:
    return RingReader(store.settings("worker", server_timeout_s=0.3), clock)


def alone(tmp_path: Path, clock: FixedClock) -> tuple[Store, RingReader]:
    """A reader that has looked once at a file with one epoch."""
    store = Store(tmp_path / "keys.json")
    store.officer(clock).init("file")
    reader = reader_of(store, clock)
    reader.first()
    return store, reader


def epochs_now(reader: RingReader) -> list[int]:
    return [epoch.epoch for epoch in asyncio.run(reader.current(AHEAD_MS)).epochs]


def test_a_running_worker_takes_a_rotation_and_a_destruction(
    store: Store, clock: FixedClock
) -> None:
    officer = store.officer(clock)
    officer.init(store.kind)
    reader = reader_of(store, clock)
    first = reader.first()
    assert first.known_until_ms == NOW_MS + HALF_MS
    officer.rotate(None, MS_PER_HOUR)
    clock.at_ms += MS_PER_MINUTE
    assert reader.look()
    ring_now = asyncio.run(reader.current(AHEAD_MS))
    assert ring_now.epochs[0] == first.epochs[0]
    assert ring_now.known_until_ms == clock.at_ms + HALF_MS
    clock.at_ms += MS_PER_DAY
    officer.destroy(1)
    assert reader.look()
    assert asyncio.run(reader.current(AHEAD_MS)).destroyed == (1,)
    assert len(reader._opened) == 3  # an epoch's, two for sealing: its are gone from this memory


@given(
    made=st.floats(0, 3),
    start=st.floats(0.51, 3),
    looks=st.lists(st.floats(0, 3), min_size=1, max_size=5),
    base=st.floats(0, 6),
)
def test_two_workers_never_give_a_batch_two_epochs_whenever_each_looked(
    made: float, start: float, looks: list[float], base: float
) -> None:
    """Times are in leads. An officer whose clock is off by less than half a lead makes an epoch,
    which therefore starts more than half a lead later; workers have looked before and after it.
    Each batch that they judge at all, they judge alike."""
    made_ms, base_ms = int(made * LEAD_MS), int(base * LEAD_MS)
    old, new = ring(0), ring(0, made_ms + int(start * LEAD_MS))
    judged = set()
    for look in looks:
        looked_ms = int(look * LEAD_MS)
        seen = new if looked_ms >= made_ms else old
        known = replace(seen, known_until_ms=looked_ms + HALF_MS)
        if base_ms < known.known_until_ms:
            judged.add(known.at(base_ms).epoch)
    assert len(judged) <= 1


def test_a_worker_that_cannot_look_goes_on_while_it_knows_enough_and_then_stops(
    tmp_path: Path, clock: FixedClock
) -> None:
    store, reader = alone(tmp_path, clock)
    content = store.path.read_bytes()
    store.path.unlink()
    clock.at_ms += HALF_MS - AHEAD_MS - 1
    assert not reader.look()
    assert epochs_now(reader) == [1]
    clock.at_ms += 1
    assert not reader.look()
    waiting = PassingClock(clock.at_ms)
    reader.clock = waiting
    with pytest.raises(ServerMissing, match=r"(?s)could not be found out.*does not exist"):
        asyncio.run(reader.current(AHEAD_MS))
    store.path.write_bytes(content)
    store.path.chmod(0o600)
    assert reader.look()
    assert epochs_now(reader) == [1]


class PassingClock(FixedClock):
    """Half a second goes by between any two looks at it."""

    def monotonic_s(self) -> float:
        self.at_ms += 500
        return super().monotonic_s()


@pytest.mark.parametrize("start_ms", [5, NOW_MS + HALF_MS - 1])
def test_an_epoch_that_begins_in_a_time_that_was_judged_is_refused(
    tmp_path: Path, clock: FixedClock, start_ms: int
) -> None:
    path = tmp_path / "keys.json"
    save_keys(ring(0), path)
    reader = RingReader(Settings(key_file=path), clock)
    reader.first()
    save_keys(ring(0, start_ms), path)
    assert not reader.look()
    assert "epoch 2 came too late" in reader._trouble
    assert epochs_now(reader) == [1]
    save_keys(ring(0, NOW_MS + HALF_MS), path)
    assert reader.look()
    assert epochs_now(reader) == [1, 2]


def test_other_keys_in_the_place_of_those_in_use_are_refused(
    tmp_path: Path, clock: FixedClock
) -> None:
    store, reader = alone(tmp_path, clock)
    before = asyncio.run(reader.current(AHEAD_MS)).epochs
    store.path.unlink()
    KeyOfficer(store.settings("officer"), clock).init("file")
    assert not reader.look()
    assert "epoch 1 has other keys than before" in reader._trouble
    store.path.unlink()
    KeyOfficer(store.settings("officer"), clock).init("file", 2 * LEAD_MS)
    assert not reader.look()
    assert "lead_ms is not what it was" in reader._trouble
    assert asyncio.run(reader.current(AHEAD_MS)).epochs == before


def test_a_file_that_others_can_read_is_not_taken_while_running_either(
    tmp_path: Path, clock: FixedClock
) -> None:
    store, reader = alone(tmp_path, clock)
    store.path.chmod(0o644)
    assert not reader.look()
    assert "chmod 600" in reader._trouble


def test_a_lead_that_is_too_short_for_the_policy_is_refused_at_the_start(
    tmp_path: Path, clock: FixedClock
) -> None:
    store = Store(tmp_path / "keys.json")
    store.officer(clock).init("file", 2 * AHEAD_MS)
    reader = reader_of(store, clock)
    reader.first()
    with pytest.raises(SettingsError, match="lead of 600,000 ms is too short"):
        reader.reach(AHEAD_MS)


def test_a_running_worker_opens_what_is_sealed_to_a_new_key_and_remembers_what_it_opened(
    tmp_path: Path, clock: FixedClock
) -> None:
    store = Store(tmp_path / "keys.json")
    store.officer(clock).init("file")
    reader = reader_of(store, clock)
    opener = reader.first().sealing.opener
    assert reader.look()
    assert asyncio.run(reader.current(AHEAD_MS)).sealing.opener is opener
    _, public = store.officer(clock).rotate_sealing()
    assert reader.look()
    ring_now = asyncio.run(reader.current(AHEAD_MS))
    assert ring_now.sealing.public == public
    assert ring_now.sealing.private.open(public.seal(b"anna", SUBJECT), SUBJECT) == b"anna"


def test_a_file_with_another_digest_key_is_not_taken(tmp_path: Path, clock: FixedClock) -> None:
    store = Store(tmp_path / "keys.json")
    save_keys(ring(0), store.path)
    reader = reader_of(store, clock)
    reader.first()
    sealing = SealingKeys(ring(0).sealing.private, bytes(KEY_BYTES))
    save_keys(replace(ring(0), sealing=sealing), store.path)
    assert not reader.look()
    assert "digest key" in reader._trouble
    assert asyncio.run(reader.current(AHEAD_MS)).sealing == ring(0).sealing


def test_the_thread_looks_sixty_times_in_a_lead(tmp_path: Path) -> None:
    clock = SystemClock()
    store = Store(tmp_path / "keys.json")
    store.officer(clock).init("file", 3_000)
    reader = reader_of(store, clock)
    reader.first()
    reader.start()
    try:
        store.officer(clock).rotate(None, 10_000)
        asyncio.run(_until_two(reader))
    finally:
        reader.stop()


async def _until_two(reader: RingReader) -> None:
    for _ in range(200):
        if len((await reader.current(0)).epochs) == 2:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the rotation was not seen")


@pytest.mark.service
@pytest.mark.vault
def test_while_vault_is_away_open_keys_go_on_and_a_reload_waits(
    vault: Vault, tmp_path: Path, clock: FixedClock
) -> None:
    store = Store(tmp_path / "keys.json", vault)
    officer = store.officer(clock)
    officer.init("vault")
    reader = reader_of(store, clock)
    reader.first()
    officer.rotate(None, MS_PER_DAY)
    assert store.vault
    store.vault.seal()
    try:
        clock.at_ms += MS_PER_MINUTE
        assert not reader.look()
        assert "is sealed" in reader._trouble
        assert epochs_now(reader) == [1]
    finally:
        store.vault.unseal()
    assert reader.look()
    assert epochs_now(reader) == [1, 2]
    with store.vault.frozen():  # an unchanged file needs no service, for as long as it takes
        clock.at_ms += 2 * MS_PER_DAY
        assert reader.look()
        assert epochs_now(reader) == [1, 2]


@pytest.mark.service
@pytest.mark.vault
def test_a_worker_does_not_start_without_vault(
    vault: Vault, tmp_path: Path, clock: FixedClock
) -> None:
    store = Store(tmp_path / "keys.json", vault)
    store.officer(clock).init("vault")
    assert store.vault
    store.vault.seal()
    try:
        with pytest.raises(ServerMissing, match=r"is sealed.*start again when it is back"):
            reader_of(store, clock).first()
    finally:
        store.vault.unseal()


@pytest.mark.service
@pytest.mark.vault
def test_a_copy_of_the_file_that_is_behind_is_not_believed(
    vault: Vault, tmp_path: Path, clock: FixedClock
) -> None:
    """Vault has a key that the copy on this machine does not know."""
    store = Store(tmp_path / "keys.json", vault)
    store.officer(clock).init("vault")
    copy = Store(tmp_path / "copy.json", store.vault)
    content = json.loads(store.path.read_text())
    copy.path.write_text(json.dumps(content))
    copy.path.chmod(0o600)
    reader = reader_of(copy, clock)
    reader.first()
    store.officer(clock).rotate(None, MS_PER_DAY)
    assert not reader.look()
    assert "epoch-2, which is not in this file" in reader._trouble
    copy.path.write_bytes(store.path.read_bytes())
    assert reader.look()
    assert epochs_now(reader) == [1, 2]
