"""A spool keeps exactly what was appended and not acknowledged, in order, whatever happens."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from events.clock import MS_PER_S, FixedClock
from events.errors import SpoolError, SpoolFull, Stop
from events.log import configure_logging
from events.metrics import REGISTRY
from producers.spool import MAX_AGE_MS, Spool, open_spool
from producers.spool_reserve import RESERVE_BYTES
from producers.spool_rows import Rows
from producers.unsent import Unsent
from tests.strategies import NOW_MS

LIMIT_BYTES = 33_554_432
CANARY = b"canary-4f1c9e"
PERSON = "canary.anna@example.org"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW_MS)


def opened(folder: Path, clock: FixedClock) -> AbstractContextManager[Spool]:
    return open_spool(folder, LIMIT_BYTES, clock)


def send_all(spool: Spool) -> list[Unsent]:
    """Hand everything over that waits, and acknowledge nothing."""
    sent = []
    while (message := spool.first()) is not None:
        sent.append(message)
        spool.handed_over()
    return sent


def values(messages: list[Unsent]) -> list[bytes]:
    return [message.value for message in messages]


def bytes_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def anywhere(folder: Path, text: bytes) -> bool:
    return any(text in file.read_bytes() for file in folder.iterdir())


def metric(name: str) -> float:
    return REGISTRY.get_sample_value(f"glasshouse_{name}") or 0.0


def copied_as_a_crash_leaves_it(folder: Path) -> Path:
    """A copy of the files at this moment: what a process finds after this one was killed."""
    copy = folder.with_name(f"{folder.name}+")
    shutil.copytree(folder, copy)
    (copy / "lock").unlink()
    return copy


def test_what_is_appended_comes_back_whole_and_in_order(folder: Path, clock: FixedClock) -> None:
    with opened(folder, clock) as spool:
        for number in range(100):
            spool.append(PERSON.encode(), b"%d" % number, number)
        sent = send_all(spool)
        assert values(sent) == [b"%d" % number for number in range(100)]
        assert [message.events for message in sent] == list(range(100))
        assert {message.key for message in sent} == {PERSON.encode()}
        assert spool.first() is None


def test_the_next_start_sends_what_was_left_over_before_all_that_is_new(
    folder: Path, clock: FixedClock
) -> None:
    with opened(folder, clock) as spool:
        for value in (b"1", b"2", b"3"):
            spool.append(b"someone", value, 1)
        first, *_ = send_all(spool)
        spool.acknowledged(first.number)
    with opened(folder, clock) as spool:
        spool.append(b"someone", b"4", 1)
        sent = send_all(spool)
        assert values(sent) == [b"2", b"3", b"4"]
        assert [message.left_over for message in sent] == [True, True, False]
        assert spool.left_over == 2


class AnyOrder(RuleBasedStateMachine):
    """Appends, acknowledgements in any order, time, crashes and clean starts; beside it a list."""

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.place = Path(tempfile.mkdtemp(prefix="spool"))
        self.generation = 0
        self.clock = FixedClock(NOW_MS)
        self.kept: list[bytes] = []
        self.in_flight: list[Unsent] = []
        self.appended = 0
        self._open(self.place / "0")

    def _open(self, folder: Path) -> None:
        self.folder = folder
        self.context = opened(folder, self.clock)
        self.spool = self.context.__enter__()
        self.in_flight = []

    @rule(size=st.sampled_from((0, 1, 300, 5_000, 70_000)), count=st.integers(1, 30))
    def append(self, size: int, count: int) -> None:
        for _ in range(count):
            value = b"%d:" % self.appended + b"x" * size
            self.appended += 1
            self.spool.append(b"someone", value, 1)
            self.kept.append(value)

    @rule(count=st.integers(1, 40))
    def hand_over(self, count: int) -> None:
        for _ in range(count):
            if (message := self.spool.first()) is not None:
                self.in_flight.append(message)
                self.spool.handed_over()

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        some = data.draw(st.sets(st.integers(0, len(self.in_flight) - 1), min_size=1))
        for index in sorted(some, reverse=True):
            message = self.in_flight.pop(index)
            self.spool.acknowledged(message.number)
            self.kept.remove(message.value)

    @rule(ms=st.sampled_from((1, 100, 2_000)))
    def time_passes(self, ms: int) -> None:
        self.clock.at_ms += ms
        self.spool.tidy()

    @rule()
    def start_again(self) -> None:
        self.context.__exit__(None, None, None)
        self._open(self.folder)

    @rule()
    def be_killed(self) -> None:
        """What was acknowledged and not tidied may come again, in its place; nothing else may."""
        self.generation += 1
        copy = self.place / str(self.generation)
        shutil.copytree(self.folder, copy)
        self.context.__exit__(None, None, None)
        acknowledged = self.kept
        self._open(copy)
        found = values(list(self.spool._rows.after(0)))
        assert set(acknowledged) <= set(found)
        assert found == sorted(found, key=lambda value: int(value.split(b":")[0]))
        self.kept = found

    @invariant()
    def it_holds_what_is_not_acknowledged(self) -> None:
        assert len(self.spool) == len(self.kept)
        assert bytes_of(self.folder) <= LIMIT_BYTES

    def teardown(self) -> None:
        if not hasattr(self, "context"):
            return
        waiting = values(self.in_flight) + values(send_all(self.spool))
        assert sorted(waiting) == sorted(self.kept)
        assert values(self.in_flight) == [
            value for value in self.kept if value in set(values(self.in_flight))
        ]
        self.context.__exit__(None, None, None)
        shutil.rmtree(self.place)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


def test_a_full_spool_says_so_and_takes_again_once_there_is_room(
    folder: Path, clock: FixedClock
) -> None:
    taken = 0
    with opened(folder, clock) as spool:
        with pytest.raises(SpoolFull, match="spool_limit_bytes") as refusal:
            while True:
                spool.append(PERSON.encode(), CANARY * 5_000, 1)
                taken += 1
                assert bytes_of(folder) <= LIMIT_BYTES
        assert CANARY.decode() not in str(refusal.value)
        assert PERSON not in str(refusal.value)
        assert taken > 100
        sent = send_all(spool)
        assert len(sent) == taken
        spool.acknowledged(sent[0].number)
        spool.append(PERSON.encode(), CANARY * 5_000, 1)
        assert len(spool) == taken
        assert bytes_of(folder) <= LIMIT_BYTES


def test_the_largest_messages_keep_the_bound_while_they_come_and_go(
    folder: Path, clock: FixedClock
) -> None:
    with opened(folder, clock) as spool:
        for _ in range(40):
            try:
                spool.append(b"someone", bytes(1_048_576), 1)
            except SpoolFull:
                for message in send_all(spool):
                    spool.acknowledged(message.number)
            assert bytes_of(folder) <= LIMIT_BYTES
        spool.tidy(now=True)
        assert bytes_of(folder) <= LIMIT_BYTES


def test_a_message_too_large_for_any_topic_is_refused_at_once(
    folder: Path, clock: FixedClock
) -> None:
    with opened(folder, clock) as spool:
        with pytest.raises(Stop, match="too large"):
            spool.append(b"someone", bytes(1_048_577), 1)
        assert len(spool) == 0


@pytest.mark.parametrize("how", ["acknowledged", "purged", "too old"])
def test_what_is_removed_is_in_no_file_any_more(folder: Path, clock: FixedClock, how: str) -> None:
    with opened(folder, clock) as spool:
        for number in range(300):
            spool.append(PERSON.encode(), CANARY * (number + 1), 1)
        spool.append(b"somebody else", b"kept" * 1_000, 1)
        assert anywhere(folder, CANARY)
        if how == "acknowledged":
            for message in send_all(spool)[:-1]:
                spool.acknowledged(message.number)
            clock.at_ms += 2 * MS_PER_S
            spool.tidy()
        elif how == "purged":
            assert spool.purge(PERSON) == 300
        else:
            clock.at_ms += MAX_AGE_MS + 1
            spool.append(b"somebody else", b"kept" * 1_000, 1)
            spool.tidy()
        assert not anywhere(folder, CANARY)
        assert not anywhere(folder, PERSON.encode())
        assert anywhere(folder, b"kept")
        assert len(spool) == 1


def test_an_empty_spool_gives_its_room_back_to_the_disk(folder: Path, clock: FixedClock) -> None:
    with opened(folder, clock) as spool:
        for _ in range(50):
            spool.append(b"someone", bytes(100_000), 1)
        for message in send_all(spool):
            spool.acknowledged(message.number)
        spool.tidy(now=True)
        assert bytes_of(folder) < RESERVE_BYTES + 50_000


def test_what_is_older_than_the_raw_topic_keeps_is_dropped_counted_and_said(
    folder: Path, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info", "json")
    before = metric("spool_expired_messages_total")
    with opened(folder, clock) as spool:
        spool.append(PERSON.encode(), b"old", 1)
        spool.append(PERSON.encode(), b"old too", 1)
        clock.at_ms += MAX_AGE_MS
        spool.append(PERSON.encode(), b"young", 1)
        spool.tidy()
        assert len(spool) == 3
        clock.at_ms += 2 * MS_PER_S
        spool.tidy()
        assert values(send_all(spool)) == [b"young"]
    assert metric("spool_expired_messages_total") == before + 2
    said = capsys.readouterr().err
    assert "older than the raw topic's retention" in said
    assert PERSON not in said


def test_what_is_purged_is_not_handed_over_even_if_it_was_read_ahead(
    folder: Path, clock: FixedClock
) -> None:
    with opened(folder, clock) as spool:
        for number in range(40):
            spool.append(PERSON.encode() if number % 2 else b"somebody else", b"%d" % number, 1)
        assert spool.first() is not None
        spool.handed_over()
        assert spool.purge(PERSON) == 20
        assert values(send_all(spool)) == [b"%d" % number for number in range(2, 40, 2)]
        spool.append(b"somebody else", b"new", 1)
        assert values(send_all(spool)) == [b"new"]


def test_a_late_acknowledgement_of_what_was_purged_removes_nothing_new(
    folder: Path, clock: FixedClock
) -> None:
    with opened(folder, clock) as spool:
        spool.append(PERSON.encode(), b"1", 1)
        (sent,) = send_all(spool)
        spool.purge(PERSON)
        spool.append(PERSON.encode(), b"2", 1)
        spool.acknowledged(sent.number)
        spool.tidy(now=True)
        assert len(spool) == 1
        assert values(send_all(spool)) == [b"2"]


def test_counts_and_gauges_say_what_is_held(folder: Path, clock: FixedClock) -> None:
    with opened(folder, clock) as spool:
        spool.append(b"someone", bytes(10_000), 7)
        clock.at_ms += 90 * MS_PER_S
        spool.append(b"someone", bytes(10_000), 5)
        spool.tidy()
        held = spool.held()
        assert (held.batches, held.events, held.oldest_age_s) == (2, 12, 90.0)
        assert 20_000 < held.bytes_on_disk < 60_000
        assert metric("spooled_bytes") == held.bytes_on_disk
        assert metric("spool_oldest_seconds") == 90
        for message in send_all(spool):
            spool.acknowledged(message.number)
        spool.tidy(now=True)
        assert metric("spool_oldest_seconds") == 0
        assert spool.held().oldest_age_s == 0


def test_nothing_of_a_person_shows_in_what_is_printed(folder: Path, clock: FixedClock) -> None:
    with opened(folder, clock) as spool:
        spool.append(PERSON.encode(), CANARY, 1)
        for shown in (repr(spool.first()), repr(spool.held()), repr(spool)):
            assert PERSON not in shown
            assert CANARY.decode() not in shown


def test_the_disk_is_told_of_every_append_that_is_not_in_a_burst(
    folder: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    insert = Rows.insert

    def watched(rows: Rows, *row: object, **how: bool) -> int:
        synced.append(how["synced"])
        number = insert(rows, *row, **how)  # type: ignore[arg-type]
        mode = rows._database.execute("PRAGMA synchronous").fetchone()[0]
        assert mode == (2 if how["synced"] else 1)  # FULL, NORMAL
        return number

    monkeypatch.setattr(Rows, "insert", watched)
    with opened(folder, clock) as spool:
        for wait_ms in (60, 60, 10, 10, 10, 10, 10, 60):
            clock.at_ms += wait_ms
            spool.append(b"someone", b"x", 1)
    assert synced == [True, True, False, False, False, False, True, True]


def test_a_second_process_is_told_who_has_the_spool(folder: Path, clock: FixedClock) -> None:
    import os

    with (
        opened(folder, clock),
        pytest.raises(SpoolError, match=f"in use by process {os.getpid()}"),
        opened(folder, clock),
    ):
        pass


def test_files_and_folder_are_nobody_elses(folder: Path, clock: FixedClock) -> None:
    with opened(folder, clock) as spool:
        spool.append(b"someone", b"x", 1)
        assert folder.stat().st_mode & 0o777 == 0o700
        names = {file.name for file in folder.iterdir()}
        assert names == {"unsent.db", "unsent.db-wal", "last", "reserve", "lock"}
        assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("loose", ["", "unsent.db", "last", "lock"])
def test_a_spool_others_may_open_is_refused(folder: Path, clock: FixedClock, loose: str) -> None:
    with opened(folder, clock):
        pass
    (folder / loose).chmod(0o755 if not loose else 0o640)
    with pytest.raises(SpoolError, match="nobody else may open") as refusal, opened(folder, clock):
        pass
    assert str(folder / loose) in str(refusal.value)


def test_a_spool_behind_a_link_or_of_somebody_else_is_refused(
    folder: Path, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(folder, clock):
        pass
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(SpoolError, match="plain file or folder"), opened(link, clock):
        pass
    monkeypatch.setattr("os.geteuid", lambda: 4_711)
    with pytest.raises(SpoolError, match="belongs to you"), opened(folder, clock):
        pass


def test_a_folder_with_other_files_is_refused_and_left_alone(
    folder: Path, clock: FixedClock
) -> None:
    folder.mkdir(mode=0o700)
    (folder / "letter.txt").write_text("mine")
    with pytest.raises(SpoolError, match="not a spool's"), opened(folder, clock):
        pass
    assert [file.name for file in folder.iterdir()] == ["letter.txt"]


@pytest.fixture
def crashed(folder: Path, clock: FixedClock) -> Iterator[Path]:
    """The files of a process that was killed with 50 batches in the database and 50 in the log."""
    with opened(folder, clock) as spool:
        for number in range(50):
            spool.append(PERSON.encode(), CANARY * 200 + b"%d" % number, 1)
        spool.tidy(now=True)
        for number in range(50, 100):
            spool.append(PERSON.encode(), CANARY * 200 + b"%d" % number, 1)
        yield copied_as_a_crash_leaves_it(folder)


def overwrite(file: Path, at: int, garbage: bytes) -> None:
    with file.open("r+b") as opened_file:
        opened_file.seek(at)
        opened_file.write(garbage)


def refused(folder: Path, clock: FixedClock) -> str:
    with pytest.raises(SpoolError) as refusal, opened(folder, clock):
        pass
    text = str(refusal.value)
    assert "is damaged" in text
    assert CANARY.decode() not in text
    assert PERSON not in text
    return text


def test_after_a_crash_all_is_there(crashed: Path, clock: FixedClock) -> None:
    with opened(crashed, clock) as spool:
        assert spool.left_over == 100
        numbers = [int(value.rpartition(CANARY)[2]) for value in values(send_all(spool))]
        assert numbers == list(range(100))


@pytest.mark.parametrize("share", range(0, 100, 7))
def test_garbage_anywhere_in_the_database_is_refused_or_harmless(
    crashed: Path, clock: FixedClock, share: int
) -> None:
    """Harmless: what the log has a newer copy of, or nothing refers to. Never is garbage sent."""
    file = crashed / "unsent.db"
    overwrite(file, file.stat().st_size * share // 100, b"\xa5garbage" * 100)
    try:
        with opened(crashed, clock) as spool:
            found = values(send_all(spool))
    except SpoolError as refusal:
        assert f"{file} is damaged" in str(refusal)
        assert "glasshouse spool purge --all" in str(refusal)
        assert CANARY.decode() not in str(refusal)
    else:
        assert found == [CANARY * 200 + b"%d" % number for number in range(100)]


def test_most_garbage_in_the_database_is_indeed_refused(crashed: Path, clock: FixedClock) -> None:
    file = crashed / "unsent.db"
    overwrite(file, 5 * 4_096, b"\xa5" * 4_096 * 10)
    assert "glasshouse spool purge --all" in refused(crashed, clock)


def test_one_flipped_bit_in_a_batch_is_refused(crashed: Path, clock: FixedClock) -> None:
    file = crashed / "unsent.db"
    at = file.read_bytes().index(CANARY * 100)
    overwrite(file, at + 500, bytes([file.read_bytes()[at + 500] ^ 1]))
    assert "garbled" in refused(crashed, clock)


@pytest.mark.parametrize("share", (0, 1, 30, 60, 95))
def test_a_log_garbled_before_its_end_is_refused_with_the_number_that_is_lost(
    crashed: Path, clock: FixedClock, share: int
) -> None:
    file = crashed / "unsent.db-wal"
    overwrite(file, file.stat().st_size * share // 100, b"\xa5garbage" * 10)
    text = refused(crashed, clock)
    lost = int(text.partition("newest ")[2].split()[0])
    assert 1 <= lost <= 50
    assert f"delete {crashed / 'last'}" in text
    assert refused(crashed, clock) == text
    (crashed / "last").unlink()
    with opened(crashed, clock) as spool:
        assert len(values(send_all(spool))) == 100 - lost


def test_a_log_that_ends_in_the_middle_of_an_append_is_whole(
    folder: Path, clock: FixedClock
) -> None:
    """A torn write at the end: that batch was never accepted, so nothing is missing."""
    with opened(folder, clock) as spool:
        spool.append(b"someone", b"accepted", 1)
        before = copied_as_a_crash_leaves_it(folder)
        spool.append(b"someone", b"torn" * 2_000, 1)
        whole = (folder / "unsent.db-wal").read_bytes()
    (before / "unsent.db-wal").write_bytes(whole[: len(whole) - 3_000])
    with opened(before, clock) as spool:
        assert values(send_all(spool)) == [b"accepted"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("unsent.db", b"not a database " * 1_000), ("unsent.db", b""), ("last", b"garbage")],
)
def test_a_file_that_was_replaced_is_refused(
    folder: Path, clock: FixedClock, name: str, content: bytes
) -> None:
    with opened(folder, clock) as spool:
        spool.append(b"someone", b"x", 1)
    (folder / name).write_bytes(content)
    assert str(folder / name) in refused(folder, clock)


def test_a_database_of_something_else_or_of_a_later_version_is_refused(
    folder: Path, clock: FixedClock
) -> None:
    with opened(folder, clock):
        pass
    for pragma, said in (("user_version = 2", "format 2"), ("application_id = 1", "not a spool's")):
        with sqlite3.connect(folder / "unsent.db") as database:
            database.execute(f"PRAGMA {pragma}")
        database.close()
        with pytest.raises(SpoolError, match=said), opened(folder, clock):
            pass
