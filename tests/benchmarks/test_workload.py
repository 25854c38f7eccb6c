"""The workload has the events that it says, of people of its own, and is the same every time."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.throughput.expected import batch_of_each, expected_of
from benchmarks.throughput.pieces import PIECE_EVENTS, first, recorded, simulated
from benchmarks.throughput.prepared import prepare, read_prepared
from benchmarks.throughput.workload import COPY_SHIFT_MS, Workload
from events.batch import SCHEMA, header_of
from events.codec import Codec
from events.policy import BUNDLED_POLICY, load_policy
from events.schemas import newest, of_version
from producers.batches import batch_starts
from streams.keys import load_keys
from tests.benchmarks.made import write_recordings
from tests.benchmarks.throughput_made import small_workload

POLICY = load_policy(BUNDLED_POLICY)


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    return small_workload(tmp_path_factory.mktemp("recordings") / "made")


def test_there_are_at_least_as_many_events_as_are_asked_for(workload: Workload) -> None:
    assert workload.events >= 12_000
    assert workload.copies > 1
    assert sum(map(len, workload.batches())) == workload.events
    fewer = Workload.of("made up", workload.pieces, 10, 64, workload.first_ms)
    assert (fewer.copies, len(fewer.pieces)) == (1, 1)


def test_each_piece_of_each_copy_is_a_session_of_a_person_of_its_own(workload: Workload) -> None:
    sessions = defaultdict(set)
    for batch in workload.batches():
        sessions[batch.header.subject].add(batch.header.session)
    assert list(sessions) and set(sessions) == set(workload.subjects())
    assert Counter(map(len, sessions.values())) == {1: len(workload.pieces) * workload.copies}


def test_a_copy_is_the_same_some_minutes_later(workload: Workload) -> None:
    every = list(workload.batches())
    one = len(every) // workload.copies
    for early, late in zip(every[:one], every[one : 2 * one], strict=True):
        assert late.header.base_time_ms - early.header.base_time_ms == COPY_SHIFT_MS
        assert late.header.batch_id != early.header.batch_id
        for name, column in early.columns.items():
            assert np.array_equal(column, late.columns[name])


def test_people_take_turns(workload: Workload) -> None:
    turn = [batch.header.subject for batch in workload.batches()][: len(workload.pieces)]
    assert len(set(turn)) == len(workload.pieces)


def test_a_long_session_is_cut_into_pieces_that_begin_at_time_0(tmp_path: Path) -> None:
    folder = write_recordings(tmp_path, [100.0], sessions=1, actions=250)
    pieces = recorded(folder)
    assert len(pieces) > 1
    assert {len(piece) for piece in pieces[:-1]} == {PIECE_EVENTS}
    assert all(piece.columns.times_ms[0] == 0 for piece in pieces)
    assert len({piece.digest for piece in pieces}) == len(pieces)


def test_no_more_pieces_are_taken_than_are_needed(workload: Workload) -> None:
    assert len(first(workload.pieces, len(workload.pieces[0]) + 1)) == 2


def test_simulated_people_stand_in_where_there_are_no_recordings() -> None:
    pieces = simulated(20_000)
    assert sum(map(len, pieces)) == 20_000
    again = simulated(20_000)
    assert [piece.digest for piece in pieces] == [piece.digest for piece in again]


def test_the_batches_that_are_expected_are_those_that_producers_make(workload: Workload) -> None:
    for piece in workload.pieces:
        numbers = batch_of_each(piece.columns.times_ms, 64)
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        assert np.array_equal(starts, batch_starts(piece.columns.times_ms, 64))


def test_what_is_prepared_holds_every_batch_sealed(workload: Workload, tmp_path: Path) -> None:
    prepared = prepare(workload, tmp_path)
    opener = load_keys(prepared.keys).sealing.opener
    every = list(workload.batches())
    for (key, value, events), batch in zip(prepared.messages(), every, strict=True):
        assert batch.header.subject.encode() not in value
        header = header_of(Codec().decode(SCHEMA, value))
        assert opener.opened(header).subject == batch.header.subject
        assert (len(key), events, header.batch_id) == (16, len(batch), batch.header.batch_id)
    assert prepared.people() == list(workload.subjects())
    assert prepared.expected.messages == len(every)


def test_what_was_prepared_is_used_again_and_another_workload_is_made_anew(
    workload: Workload, tmp_path: Path
) -> None:
    made = prepare(workload, tmp_path)
    keys = made.keys.read_bytes()
    assert prepare(workload, tmp_path) == made == read_prepared(tmp_path)
    assert made.keys.read_bytes() == keys
    other = Workload.of("made up", workload.pieces, 12_000, 32, workload.first_ms)
    assert prepare(other, tmp_path).expected.messages > made.expected.messages


def test_what_was_prepared_with_an_earlier_schema_is_made_anew(
    workload: Workload, tmp_path: Path
) -> None:
    made = prepare(workload, tmp_path)
    keys, file = made.keys.read_bytes(), tmp_path / "messages.bin"
    now, before = newest(SCHEMA).fingerprint, of_version(SCHEMA, 2).fingerprint
    file.write_bytes(file.read_bytes().replace(now, before))
    assert prepare(workload, tmp_path).expected == made.expected
    assert made.keys.read_bytes() != keys
    assert before not in file.read_bytes()


def test_events_off_the_screen_are_expected_to_be_rejected(workload: Workload) -> None:
    piece = workload.pieces[0]
    whole = expected_of(Workload("made up", [piece], 1, 64, 0), POLICY)
    x_px = piece.columns.x_px.copy()
    x_px[3] = 65_535
    off = replace(piece, columns=replace(piece.columns, x_px=x_px))
    less = expected_of(Workload("made up", [off], 1, 64, 0), POLICY)
    assert (whole.rows - less.rows, whole.counted - less.counted) == (1, 1)
    assert whole.events == less.events
