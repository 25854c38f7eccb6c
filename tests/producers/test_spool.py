"""A spool keeps exactly what was appended and not acknowledged, in order, whatever happens."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from events.clock import MS_PER_S, FixedClock
from events.errors import SpoolFull, Stop
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


@pytest.mark.parametrize("how", ["acknowledged", "too old"])
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
