"""A seed's input is the same every time, and every event of it has one right fate."""

from __future__ import annotations

from pathlib import Path

import pytest

from events.clock import MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE
from events.policy import BUNDLED_POLICY, Policy, load_policy
from events.purposes import PURPOSES
from tests.chaos.faults import Kind
from tests.chaos.made import Made, make
from tests.end_to_end.recordings import USERS, write_recordings
from tests.oracle import World, of_the_willing
from tests.strategies import NOW_MS, ring

PUBLISH_S = 9.0


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(BUNDLED_POLICY)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recordings(tmp_path_factory.mktemp("made") / "recordings", USERS[:3])


def made(seed: int, recordings: Path, policy: Policy) -> Made:
    return make(seed, NOW_MS, PUBLISH_S, recordings, policy, scale=0.1)


def test_a_seed_makes_one_input(recordings: Path, policy: Policy) -> None:
    once, again = (made(3, recordings, policy) for _ in range(2))
    assert [(d.at_s, d.sent.value) for d in once.messages] == [
        (d.at_s, d.sent.value) for d in again.messages
    ]
    other = made(4, recordings, policy)
    assert {d.sent.value for d in once.messages} != {d.sent.value for d in other.messages}


def test_a_few_seeds_have_something_of_everything(recordings: Path, policy: Policy) -> None:
    found = [made(seed, recordings, policy) for seed in range(1, 9)]
    for kind in (Kind.REPEATED, Kind.REORDERED, Kind.LATE, Kind.PRODUCER_CLOCK, Kind.BROKEN):
        assert any(one.met[kind] for one in found), kind
    assert all(one.of(0) and one.of(1) for one in found), "both producers have work"
    assert all(0 <= d.at_s <= PUBLISH_S for one in found for d in one.messages)


def test_no_fate_depends_on_how_long_a_run_takes_or_on_a_clock_that_is_off(
    recordings: Path, policy: Policy
) -> None:
    ring_of = ring(0, NOW_MS - 3 * MS_PER_DAY, NOW_MS - MS_PER_HOUR)
    epochs = [(epoch.epoch, epoch.from_ms, epoch.keys) for epoch in ring_of.epochs]
    worlds = [
        World((), policy, epochs, NOW_MS + minutes * MS_PER_MINUTE) for minutes in (0, -2, 2, 12)
    ]
    seen: set[str] = set()
    for seed in range(1, 9):
        for due in made(seed, recordings, policy).messages[::7]:
            for purpose in PURPOSES if due.sent.batch else ():
                assert due.sent.batch is not None
                fates = [of_the_willing(due.sent.batch, purpose, world) for world in worlds]
                assert fates == [fates[0]] * len(worlds)
                seen |= fates[0][0].keys()
    assert {"passed", "in_future", "before_retention"} <= seen
