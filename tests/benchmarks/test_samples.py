"""The pieces that an attacker judges whole."""

from __future__ import annotations

import numpy as np

from benchmarks.reidentification.samples import Piece, Samples, Unit


def samples(sessions: list[int], minutes: list[int]) -> Samples:
    number = np.array(sessions)
    return Samples(np.zeros((len(sessions), 1)), number // 2, number, np.array(minutes))


SEVEN = samples([0, 0, 0, 0, 0, 1, 2], [0, 1, 4, 5, 9, 0, 0])


def test_pieces_of_two_never_span_sessions_and_what_is_left_over_is_left_out() -> None:
    assert Piece(Unit.SAMPLES, 2).numbers(SEVEN).tolist() == [0, 0, 1, 1, -1, -1, -1]


def test_pieces_of_minutes_sessions_and_persons() -> None:
    assert Piece(Unit.MINUTES, 5).numbers(SEVEN).tolist() == [0, 0, 0, 1, 1, 2, 3]
    assert Piece(Unit.SESSION).numbers(SEVEN).tolist() == [0, 0, 0, 0, 0, 1, 2]
    assert Piece(Unit.PERSON).numbers(SEVEN).tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_of_takes_whole_sessions() -> None:
    assert SEVEN.of([0, 2]).session.tolist() == [0, 0, 0, 0, 0, 2]
