"""What the key officer does, with the file alone and with a real Vault."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from events.audit.entry import Act
from events.clock import MS_PER_DAY, MS_PER_HOUR, FixedClock
from events.errors import InputError, SettingsError
from events.purposes import PURPOSES
from streams.key_file import changing, read_key_file, write_key_file
from streams.key_ring import KeyRing
from streams.pseudonymise import pseudonym_of
from tests.oracle import secret_of
from tests.strategies import NOW_MS
from tests.streams.stores import Store

SECRETS = [secret_of(f"employee-{number}") for number in range(1_000)]


def rotated(store: Store, clock: FixedClock, times: int = 1) -> None:
    """A file with an epoch, and some more that are over but for the last."""
    store.officer(clock).init(store.kind)
    for _ in range(times):
        store.officer(clock).rotate(None, MS_PER_DAY)
        clock.at_ms += 2 * MS_PER_DAY


def pseudonyms(keys: KeyRing, epoch: int) -> set[int]:
    """What everybody is called in an epoch, for every purpose."""
    own = keys.numbered(epoch).keys
    return {pseudonym_of(own[purpose], secret) for purpose in PURPOSES for secret in SECRETS}


def key_material(keys: KeyRing) -> list[str]:
    return [key.hex() for epoch in keys.epochs for key in epoch.keys.values()]


def test_what_is_made_opens_and_is_one_private_file(store: Store, clock: FixedClock) -> None:
    act = store.officer(clock).init(store.kind)
    assert (act.act, act.epochs, act.at_ms, act.service) == (
        Act.KEYS_INIT,
        (1,),
        NOW_MS,
        store.kind,
    )
    assert act.by
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert [epoch.epoch for epoch in store.ring().live] == [1]
    before = store.path.read_bytes()
    with pytest.raises(InputError, match="left as it is"):
        store.officer(clock).init(store.kind)
    assert store.path.read_bytes() == before


def test_a_rotation_leaves_the_old_epochs_and_lies_ahead(store: Store, clock: FixedClock) -> None:
    officer = store.officer(clock)
    officer.init(store.kind)
    before = store.ring()
    act, start_ms = officer.rotate(None, MS_PER_DAY)
    assert (act.act, act.epochs, start_ms) == (Act.KEYS_ROTATE, (2,), NOW_MS + MS_PER_DAY)
    after = store.ring()
    assert after.epochs[0] == before.epochs[0]
    assert after.epochs[1].from_ms == start_ms
    assert len(set(key_material(after))) == 2 * len(set(key_material(before)))
    for too_early in (NOW_MS + MS_PER_HOUR - 1, NOW_MS, start_ms):
        with pytest.raises(InputError, match="at least 60 minutes ahead"):
            officer.rotate(too_early, 0)
    assert store.ring() == after
    officer.rotate(start_ms + 1, 0)
    assert len(store.ring().epochs) == 3


def test_after_an_epoch_was_destroyed_nobody_can_compute_its_pseudonyms(
    store: Store, clock: FixedClock
) -> None:
    """Not with all that is left: the file, the other epochs' keys, and everybody's secret."""
    rotated(store, clock, times=2)
    officer = store.officer(clock)
    old = pseudonyms(store.ring(), 2)
    backup = store.path.read_bytes()
    act = officer.destroy(2)
    assert (act.act, act.epochs) == (Act.KEYS_DESTROY, (2,))
    left = store.ring()
    assert left.destroyed == (2,)
    with pytest.raises(InputError, match="key epoch 2 was destroyed"):
        left.numbered(2)
    every_key = [key for epoch in left.live for key in epoch.keys.values()]
    guesses = {pseudonym_of(key, secret) for key in every_key for secret in SECRETS}
    assert not guesses & old
    assert guesses & pseudonyms(left, 1)  # the search is one that finds
    entry = read_key_file(store.path)[0].epochs[1]
    assert entry.sealed is None
    assert (entry.destroyed_ms, entry.destroyed_by) == (clock.now_ms(), act.by)
    # A copy of the file from before: without a service it has everything, with one it is worthless.
    store.path.write_bytes(backup)
    if store.vault is None:
        assert pseudonyms(store.ring(), 2) == old
    else:
        with pytest.raises(SettingsError, match="does not open it"):
            store.ring()


def test_only_an_epoch_whose_time_is_over_can_be_destroyed(store: Store, clock: FixedClock) -> None:
    officer = store.officer(clock)
    officer.init(store.kind)
    officer.rotate(None, MS_PER_DAY)
    whole = store.path.read_bytes()
    for number, text in ((1, "in use"), (2, "in use"), (3, "no key epoch 3")):
        with pytest.raises(InputError, match=text):
            officer.destroy(number)
    assert store.path.read_bytes() == whole
    clock.at_ms += MS_PER_DAY
    officer.destroy(1)
    with pytest.raises(InputError, match="destroyed before"):
        officer.destroy(1)


def test_sealing_rotates_by_adding_a_pair_and_nobody_is_looked_up_otherwise(
    store: Store, clock: FixedClock
) -> None:
    officer = store.officer(clock)
    officer.init(store.kind)
    first = store.ring().sealing
    act, public = officer.rotate_sealing()
    assert (act.act, act.epochs) == (Act.KEYS_ROTATE_SEALING, ())
    officer.rotate(None, MS_PER_DAY)
    rotated = store.ring().sealing
    assert rotated.public == public != first.public
    assert rotated.private.raws[:-1] == first.private.raws
    assert rotated.digest_key == first.digest_key
    assert not [raw for raw in rotated.private.raws if repr(raw) in repr(store.ring())]


def test_a_file_from_before_subjects_were_sealed_gets_its_keys(
    store: Store, clock: FixedClock
) -> None:
    officer = store.officer(clock)
    officer.init(store.kind)
    stored, _ = read_key_file(store.path)
    write_key_file(stored.model_copy(update={"secrets": {}}), store.path)
    with pytest.raises(SettingsError, match="rotate-sealing"):
        store.ring()
    _, public = officer.rotate_sealing()
    assert store.ring().sealing.public == public


def test_two_officers_do_not_undo_each_other(store: Store, clock: FixedClock) -> None:
    store.officer(clock).init(store.kind)
    with changing(store.path), pytest.raises(InputError, match="another process is changing"):
        store.officer(clock).rotate(None, MS_PER_DAY)
    store.officer(clock).rotate(None, MS_PER_DAY)


def test_nothing_secret_shows_in_a_repr_or_an_error(store: Store, clock: FixedClock) -> None:
    rotated(store, clock)
    keys = store.ring()
    stored, _ = read_key_file(store.path)
    shown = repr(keys) + repr(stored) + repr(store.settings("officer")) + repr(keys.epochs[0])
    for secret in [*key_material(keys), *(entry.sealed or "" for entry in stored.epochs)]:
        assert secret and secret not in shown


def test_what_the_file_held_before_is_overwritten(tmp_path: Path, clock: FixedClock) -> None:
    store = Store(tmp_path / "keys.json")
    rotated(store, clock)
    before = read_key_file(store.path)[0].epochs[0].sealed
    with store.path.open("rb") as old:
        store.officer(clock).destroy(1)
        found = old.read()
    assert before and before.encode() not in found
    assert not found.strip(b"\0")


def test_without_a_service_there_is_nothing_to_rewrap(tmp_path: Path, clock: FixedClock) -> None:
    store = Store(tmp_path / "keys.json")
    store.officer(clock).init("file")
    with pytest.raises(InputError, match="nothing to rewrap"):
        store.officer(clock).rewrap()
    with pytest.raises(SettingsError, match="vault_url is not set"):
        store.officer(clock).move()
