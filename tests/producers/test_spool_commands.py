"""`glasshouse spool`, and producing with one, as a person types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from events.codec import Codec
from events.errors import InputError, ServerMissing, SpoolError
from events.settings import Settings
from events.topics import Topic
from producers.publisher import Publisher
from producers.publishing import told_once
from producers.spool import open_spool
from tests.producers.read_back import everything_on
from tests.producers.recorded import balabit_session
from tests.producers.test_commands import ROWS, object_of, refusal, run
from tests.producers.test_publisher import nobody
from tests.producers.test_spool import CANARY, LIMIT_BYTES, PERSON, anywhere

__all__ = ["nobody"]  # a fixture


@pytest.fixture
def left(tmp_path: Path, nobody: Settings) -> Path:
    """A spool that a run left: three batches of one person and one of another."""
    folder = tmp_path / "spool"
    with (
        pytest.raises(ServerMissing),
        open_spool(folder, LIMIT_BYTES) as spool,
        Publisher(nobody, Codec(), outbox=spool) as publisher,
    ):
        for number in range(3):
            publisher.publish_bytes(PERSON.encode(), CANARY + b"%d" % number, 2)
        publisher.publish_bytes(b"somebody else", b"kept", 5)
    return folder


def test_show_says_counts_bytes_and_age_and_nobodys_name(left: Path) -> None:
    shown = object_of("spool", "show", "--spool-dir", left)
    assert (shown["batches"], shown["events"]) == (4, 11)
    assert shown["limit_bytes"] == 268_435_456
    assert 0 < shown["bytes_on_disk"] < 100_000
    assert 0 <= shown["oldest_age_s"] < 100
    said = run("spool", "show", "--spool-dir", left)
    assert "4 unsent batches of 11 events" in said.stdout
    assert PERSON not in said.output


def test_purge_leaves_nothing_of_anybody(left: Path) -> None:
    assert anywhere(left, CANARY)
    assert object_of("spool", "purge", "--all", "--spool-dir", left)["spool_is_empty"]
    assert not anywhere(left, CANARY)
    assert not anywhere(left, PERSON.encode())


def test_purge_empties_a_spool_even_if_it_is_damaged(left: Path) -> None:
    whole = (left / "unsent.db").read_bytes()
    (left / "unsent.db").write_bytes(b"garbage" + whole[7:])
    assert "spool purge --all" in refusal("spool", "show", "--spool-dir", left)
    assert run("spool", "purge", "--all", "--spool-dir", left).stdout == "the spool is empty\n"
    assert [file.name for file in left.iterdir()] == ["lock"]
    assert object_of("spool", "show", "--spool-dir", left)["batches"] == 0


def test_purge_must_be_told_that_all_shall_go(left: Path) -> None:
    assert "--all" in refusal("spool", "purge", "--spool-dir", left)
    assert object_of("spool", "show", "--spool-dir", left)["batches"] == 4


@pytest.mark.parametrize("command", [("show",), ("send",), ("purge", "--all")])
def test_a_spool_must_be_named_and_there(command: tuple[str, ...], tmp_path: Path) -> None:
    assert "--spool-dir" in refusal("spool", *command)
    assert "there is no spool" in refusal("spool", *command, "--spool-dir", tmp_path / "none")
    assert not (tmp_path / "none").exists()
    assert isinstance(run("spool", *command).exception, InputError)


def test_a_spool_in_use_is_refused_and_nothing_is_removed(left: Path) -> None:
    with open_spool(left, LIMIT_BYTES):
        for command in (("show",), ("purge", "--all")):
            assert "in use by process" in refusal("spool", *command, "--spool-dir", left)
            assert isinstance(run("spool", *command, "--spool-dir", left).exception, SpoolError)
    assert object_of("spool", "show", "--spool-dir", left)["batches"] == 4


@pytest.mark.service
def test_send_sends_what_is_left(left: Path, own_kafka: Settings) -> None:
    kafka = ("--kafka-servers", own_kafka.kafka_servers)
    assert object_of("spool", "send", "--spool-dir", left, *kafka) == {
        "batches_sent": 4,
        "events_sent": 11,
    }
    assert len(everything_on(Topic.RAW, own_kafka)) == 4
    assert object_of("spool", "show", "--spool-dir", left)["batches"] == 0
    said = run("spool", "send", "--spool-dir", left, *kafka)
    assert said.stdout == "sent 0 batches that were left over\n"


@pytest.mark.service
def test_a_replay_sends_what_was_left_first_and_counts_it_apart(
    left: Path, own_kafka: Settings, tmp_path: Path
) -> None:
    balabit_session(tmp_path / "recordings", "user1", "session_1", ROWS)
    options = (
        *("--spool-dir", left, "--kafka-servers", own_kafka.kafka_servers),
        *("--sealing-file", own_kafka.sealing_file),
    )
    answer = object_of("replay", tmp_path / "recordings", *options)
    assert (answer["events_sent"], answer["left_over_batches_sent"]) == (10, 4)
    assert len(everything_on(Topic.RAW, own_kafka)) == 5
    assert object_of("spool", "show", "--spool-dir", left)["batches"] == 0


def test_a_wait_for_room_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    from events.errors import SpoolFull

    tell = told_once()
    for _ in range(3):
        tell(SpoolFull("the spool is full"))
    assert capfd.readouterr().err.count("the spool is full") == 1
