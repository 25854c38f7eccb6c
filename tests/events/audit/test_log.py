"""An act is on record before it is done, and a change of the record shows."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.audit.entry import Act, Entry, entry_of
from events.audit.log import AuditLog
from events.audit.recorded import recorded
from events.chain import BEGINNING
from events.clock import FixedClock
from events.errors import AuditError, InputError, ServerMissing
from events.settings import Settings
from sinks.chain.entries import Followed, follow
from sinks.chain.finding import Findings
from tests.documents import ROOT

ENTRY = Entry(log="", number=0, at_ms=1, os_user="root", actor="", act="query")


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "new" / "audit.jsonl")


def faults(entries: list[Entry], expired_before_ms: int = 0) -> dict[str, int]:
    findings = Findings()
    follow(entries, "here", findings, expired_before_ms)
    return {fault.value: count for fault, count in findings.counts.items()}


def some(log: AuditLog, count: int = 5) -> list[Entry]:
    return [log.append(replace(ENTRY, at_ms=number + 1)) for number in range(count)]


def test_entries_are_numbered_and_chained_and_read_as_they_were_written(log: AuditLog) -> None:
    written = some(log)
    assert list(log.entries()) == written
    assert [entry.number for entry in written] == [0, 1, 2, 3, 4]
    assert len({entry.log for entry in written}) == 1
    before = BEGINNING
    for entry in written:
        assert entry.previous == before
        before = entry.hash
    assert [entry.previous_at_ms for entry in written] == [0, 1, 2, 3, 4]
    assert faults(written) == {}


def test_nobody_else_may_read_it(log: AuditLog) -> None:
    some(log, 1)
    assert log.path.stat().st_mode & 0o777 == 0o600
    assert log.path.parent.stat().st_mode & 0o777 == 0o700
    log.path.chmod(0o644)
    with pytest.raises(AuditError, match="chmod 600"):
        log.append(ENTRY)


@pytest.mark.parametrize("name", [each.name for each in fields(Entry)])
def test_a_change_of_any_field_shows(log: AuditLog, name: str) -> None:
    entries = some(log, 3)
    other: Any = 77 if isinstance(getattr(ENTRY, name), int) else "other"
    changed = [entries[0], replace(entries[1], **{name: other}), entries[2]]
    assert faults(changed)


@given(gone=st.sets(st.integers(0, 8), min_size=1, max_size=8))
def test_entries_that_were_removed_show_unless_they_were_the_newest(gone: set[int]) -> None:
    entries, previous = [], replace(ENTRY, hash=BEGINNING)
    for number in range(9):
        own = replace(ENTRY, log="one", number=number, previous=previous.hash).sealed()
        entries.append(own)
        previous = own
    left = [entry for entry in entries if entry.number not in gone]
    newest = set(range(9 - len(gone), 9))
    assert bool(faults(left)) == (gone != newest)


def test_entries_that_were_put_in_or_exchanged_show(log: AuditLog) -> None:
    entries = some(log)
    forged = replace(entries[2], act="nothing").sealed()
    assert faults([*entries[:3], forged, *entries[3:]]) == {"entry added": 1}
    assert faults([*entries[:2], forged, *entries[3:]]) == {"entries removed": 1}
    assert faults([entries[0], entries[2], entries[1], *entries[3:]])
    assert faults(entries[1:]) == {"entries removed": 1}


def test_only_what_is_older_than_retention_may_be_missing_at_the_beginning(log: AuditLog) -> None:
    entries = some(log)  # written at 1, 2, 3, 4 and 5 ms
    assert faults(entries[3:], expired_before_ms=4) == {}
    assert faults(entries[3:], expired_before_ms=3) == {"entries removed": 1}
    assert faults([entries[0], *entries[3:]], expired_before_ms=3) == {"entries removed": 1}
    changed = [replace(entries[3], previous_at_ms=1), entries[4]]
    assert faults(changed, expired_before_ms=2)["entry changed"] == 1


def test_writers_at_one_time_make_one_chain(log: AuditLog) -> None:
    """The lock is of the open file, so threads that open it are like processes."""
    with ThreadPoolExecutor(3) as writers:
        list(writers.map(lambda _: AuditLog(log.path).append(ENTRY), range(60)))
    entries = list(log.entries())
    assert [entry.number for entry in entries] == list(range(60))
    assert faults(entries) == {}


@pytest.mark.parametrize("bytes_left", [1, 40, -1])
def test_half_a_line_of_a_process_that_died_is_no_entry_and_harms_no_other(
    log: AuditLog, bytes_left: int
) -> None:
    entries = some(log, 2)
    line = replace(ENTRY, log=entries[0].log).to_line()
    with log.path.open("ab") as file:
        file.write(line[:bytes_left])
    log.append(ENTRY)
    found = list(log.entries())
    assert found[:2] == entries
    whole = bytes_left == -1  # all but the end of the line: it counts, and its chain does not hold
    assert (len(found), bool(faults(found))) == ((4, True) if whole else (3, False))


def test_a_full_disk_leaves_the_log_as_it_was(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    some(log, 2)
    before = log.path.read_bytes()
    write = os.write

    def half(file: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(AuditError, match="No space left"):
        log.append(ENTRY)
    assert log.path.read_bytes() == before


def test_a_log_whose_end_is_no_entry_is_not_gone_on_with(log: AuditLog) -> None:
    log.path.parent.mkdir()
    log.path.touch(0o600)
    log.path.write_bytes(b"rubbish\n")
    with pytest.raises(AuditError, match="somebody has changed it"):
        log.append(ENTRY)


@given(
    line=st.binary(max_size=60)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda it: json.dumps(it).encode()
    )
)
def test_a_line_that_is_no_entry_is_none(line: bytes) -> None:
    assert entry_of(line) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(detail=st.text(max_size=20), number=st.integers(0, 2**63), person=st.integers(0, 2**64 - 1))
def test_an_entry_is_read_as_it_was_written(detail: str, number: int, person: int) -> None:
    entry = replace(ENTRY, detail=detail, number=number, person=person)
    try:
        line = entry.to_line()
    except UnicodeEncodeError:
        return  # a lone surrogate: no name and no hash has one
    assert line.count(b"\n") == 1
    assert entry_of(line) == entry
    assert entry_of(json.dumps({**asdict(entry), "more": 1}).encode()) is None
    assert entry_of(json.dumps({**asdict(entry), "rows": True}).encode()) is None


# Recording.


def done(settings: Settings) -> list[tuple[Any, ...]]:
    entries = AuditLog(settings.audit_path).entries()
    return [(each.act, each.begun, each.rows, each.outcome, each.actor) for each in entries]


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return Settings(audit_file=tmp_path / "audit.jsonl", actor="ann")


def test_an_act_is_on_record_before_it_is_done_and_then_what_came_of_it(here: Settings) -> None:
    with recorded(here, Act.QUERY, purpose="agent_training", clock=FixedClock(5)) as act:
        assert done(here) == [("query", -1, -1, "", "ann")]
        act.rows = 3
    assert done(here)[1:] == [("query", 0, 3, "done", "ann")]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (InputError("alice is not there"), "refused: InputError"),
        (ServerMissing("away"), "refused: ServerMissing"),
        (KeyboardInterrupt(), "stopped"),
        (typer.Abort(), "stopped"),
        (typer.Exit(0), "done"),
        (typer.Exit(1), "exit 1"),
        (ValueError("alice"), "failed: ValueError"),
    ],
)
def test_how_an_act_ended_is_told_by_kind_alone(
    here: Settings, error: BaseException, outcome: str
) -> None:
    with pytest.raises(type(error)), recorded(here, Act.TRACE):
        raise error
    assert done(here)[-1][3] == outcome
    assert b"alice" not in here.audit_path.read_bytes()


def test_what_cannot_be_recorded_is_not_done(tmp_path: Path) -> None:
    somewhere = tmp_path / "file"
    somewhere.touch()
    acted = []
    settings_ = Settings(audit_file=somewhere / "audit.jsonl")
    with pytest.raises(AuditError, match="not done"), recorded(settings_, Act.MIGRATE):
        acted.append(1)
    assert acted == []


_DIES = """
import os, sys
from events.audit.recorded import Act, recorded
from events.settings import Settings
with recorded(Settings(audit_file=sys.argv[1]), Act.MIGRATE):
    os._exit(9)
"""


def test_an_act_whose_process_died_has_a_beginning_without_an_end(here: Settings) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", _DIES, str(here.audit_path)], cwd=ROOT, check=False
    )
    assert dead.returncode == 9
    findings = Findings()
    (seen,) = follow(AuditLog(here.audit_path).entries(), "here", findings)
    assert isinstance(seen, Followed)
    assert (seen.entries, seen.unfinished, findings.counts.total()) == (1, 1, 0)


def test_no_person_is_in_the_repr_of_an_entry() -> None:
    assert "4711" not in repr(replace(ENTRY, person=4711))
