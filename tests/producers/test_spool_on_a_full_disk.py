"""A disk without room: nothing that was spooled is lost, and it goes on by itself."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from events.clock import MS_PER_S, FixedClock
from events.codec import Codec
from events.errors import SpoolFull
from events.settings import Settings
from events.topics import Topic
from producers.publisher import Publisher
from producers.spool import open_spool
from tests.producers.read_back import everything_on
from tests.producers.test_spool import LIMIT_BYTES, opened, send_all, values
from tests.strategies import NOW_MS

DISK_BYTES = 16_777_216


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own of 16 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "tmpfs", str(place)]
    try:
        made = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command to make a small disk with")
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all the room there is."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(65_536))
    return ballast


def test_a_full_disk_refuses_clearly_and_loses_nothing(disk: Path, tmp_path: Path) -> None:
    clock, accepted = FixedClock(NOW_MS), []
    with opened(disk / "spool", clock) as spool:
        with pytest.raises(SpoolFull, match="no room on the disk") as refusal:
            for number in range(10_000):
                spool.append(b"someone", b"%d:" % number + bytes(5_000), 1)
                accepted.append(number)
        assert str(disk / "spool") in str(refusal.value)
        assert "Make room" in str(refusal.value)
        assert len(accepted) > 200
        killed = shutil.copytree(disk / "spool", tmp_path / "killed")
        with opened(killed, clock) as found:
            numbers = [int(value.partition(b":")[0]) for value in values(send_all(found))]
            assert numbers == accepted
        sent = send_all(spool)
        assert [int(value.partition(b":")[0]) for value in values(sent)] == accepted
        for message in sent[:100]:
            spool.acknowledged(message.number)
        clock.at_ms += 2 * MS_PER_S
        spool.tidy()
        assert len(spool) == len(accepted) - 100
    with opened(disk / "spool", clock) as spool:
        left = [int(value.partition(b":")[0]) for value in values(send_all(spool))]
        assert left == accepted[-len(left) :], "in order, and none of the later ones is missing"
        assert len(left) >= len(accepted) - 100


def test_it_takes_again_as_soon_as_there_is_room(disk: Path) -> None:
    clock = FixedClock(NOW_MS)
    with opened(disk / "spool", clock) as spool:
        spool.append(b"someone", b"before", 1)
        spool.tidy(now=True)
        ballast = fill(disk)
        with pytest.raises(SpoolFull, match="no room on the disk"):
            for _ in range(10_000):
                spool.append(b"someone", bytes(5_000), 1)
        with pytest.raises(SpoolFull, match="no room on the disk"):
            spool.append(b"someone", bytes(50_000), 1)
        count = len(spool)
        ballast.unlink()
        spool.append(b"someone", b"after", 1)
        assert len(spool) == count + 1
        found = values(send_all(spool))
        assert (found[0], found[-1], len(found)) == (b"before", b"after", count + 1)
    with opened(disk / "spool", clock) as spool:
        assert values(send_all(spool)) == found


def test_a_spool_on_a_full_disk_opens_and_sends_what_it_has(disk: Path) -> None:
    clock = FixedClock(NOW_MS)
    with opened(disk / "spool", clock) as spool:
        for number in range(20):
            spool.append(b"someone", b"%d" % number, 1)
    ballast = fill(disk)
    with opened(disk / "spool", clock) as spool:
        sent = send_all(spool)
        assert values(sent) == [b"%d" % number for number in range(20)]
        for message in sent:
            spool.acknowledged(message.number)
        spool.tidy(now=True)  # what cannot be removed now is sent again, and is no error
    ballast.unlink()
    with opened(disk / "spool", clock) as spool:
        assert values(send_all(spool)) in ([], values(sent))


def test_what_kafka_has_makes_room_on_a_disk_that_stays_full(disk: Path) -> None:
    """The spool itself has filled it. To remove a batch needs room: that is the reserve's."""
    clock = FixedClock(NOW_MS)
    with opened(disk / "spool", clock) as spool:
        for _ in range(5):
            with pytest.raises(SpoolFull, match="no room on the disk"):
                while True:
                    spool.append(b"someone", bytes(5_000), 1)
            held = len(spool)
            assert held > 100
            for message in send_all(spool):
                spool.acknowledged(message.number)
            clock.at_ms += 2 * MS_PER_S
            spool.tidy()
            assert len(spool) == 0
            spool.append(b"someone", bytes(5_000), 1)
            assert (disk / "spool" / "reserve").exists()


def test_no_spool_can_be_made_on_a_full_disk_and_it_says_why(disk: Path) -> None:
    (disk / "spool").mkdir(mode=0o700)
    fill(disk)
    with (
        pytest.raises(SpoolFull, match="no room on the disk"),
        opened(disk / "spool", FixedClock(NOW_MS)),
    ):
        pass


def test_a_replay_waits_for_room_and_then_sends_everything(
    disk: Path, mock_kafka: Settings
) -> None:
    refusals: list[SpoolFull] = []
    with open_spool(disk / "spool", LIMIT_BYTES) as spool:
        ballast = fill(disk)

        def free_some_later(full: SpoolFull) -> None:
            refusals.append(full)
            if len(refusals) == 5:
                ballast.unlink()

        with Publisher(mock_kafka, Codec(), outbox=spool, when_full=free_some_later) as publisher:
            for number in range(300):
                publisher.publish_bytes(b"someone", b"%d:" % number + bytes(5_000), 1)
        assert len(refusals) >= 5
        assert len(spool) == 0
    arrived = [message.value() or b"" for message in everything_on(Topic.RAW, mock_kafka)]
    assert [int(value.partition(b":")[0]) for value in arrived] == list(range(300))


@contextmanager
def files_no_larger_than(most_bytes: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_size_limit_is_like_a_full_disk(tmp_path: Path) -> None:
    clock, accepted = FixedClock(NOW_MS), 0
    with opened(tmp_path / "spool", clock) as spool:
        with (
            files_no_larger_than(1_000_000),
            pytest.raises(SpoolFull, match="file size limit"),
        ):
            while True:
                spool.append(b"someone", bytes(5_000), 1)
                accepted += 1
        assert accepted > 20
        spool.append(b"someone", b"after", 1)
        assert len(values(send_all(spool))) == accepted + 1
    with opened(tmp_path / "spool", clock) as spool:
        assert len(values(send_all(spool))) == accepted + 1
