"""Which sums of contributions follow from the known ones, by linear algebra.

Computed modulo a prime, where nothing is rounded, with products that fit into 64 bits; what is
found there is computed again with real numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.differencing.known import Known

_PRIME = 32_749
_NOISE = 1e-6
#: Sums tested at one time: as many rows of a matrix.
_CHUNK = 256

Matrix = NDArray[Any]


@dataclass(slots=True)
class Span:
    """All that can be had by adding and subtracting multiples of ``known``.

    Contributions of one person that are in the same known sums cannot be told apart: they are one
    column, a "share". ``shares`` are sets of places.
    """

    known: Sequence[Known]
    shares: list[frozenset[int]] = field(default_factory=list)
    matrix: Matrix = field(default_factory=lambda: np.zeros((0, 0)))
    reduced: Matrix = field(default_factory=lambda: np.zeros((0, 0)))
    pivots: list[int] = field(default_factory=list)

    @staticmethod
    def of(known: Sequence[Known], persons: Sequence[int]) -> Span:
        """``persons``: of each contribution, whose it is."""
        inside: dict[int, list[int]] = {}
        for number, each in enumerate(known):
            for member in each.members:
                inside.setdefault(member, []).append(number)
        alike: dict[tuple[int, ...], set[int]] = {}
        for member, numbers in inside.items():
            alike.setdefault((persons[member], *numbers), set()).add(member)
        span = Span(known, [frozenset(share) for share in alike.values()])
        span.matrix = np.zeros((len(known), len(alike)), np.int64)
        for column, (_, *numbers) in enumerate(alike):
            span.matrix[numbers, column] = 1
        span.reduced, span.pivots = _reduced(span.matrix)
        return span

    def rows(self) -> Iterator[tuple[frozenset[int], Matrix]]:
        """Each row of the reduced system: the contributions it is about, and its coefficients."""
        for row in self.reduced:
            signed = np.where(row > _PRIME // 2, row - _PRIME, row)
            columns = np.flatnonzero(row)
            yield frozenset().union(*(self.shares[column] for column in columns)), signed

    def that_follow(self, sums: Sequence[frozenset[int]]) -> Iterator[tuple[frozenset[int], float]]:
        """Those of ``sums`` that follow, each with the width of the interval that it is known to
        lie in by the shortest combination (least squares) that gives it."""
        share_of = {member: n for n, share in enumerate(self.shares) for member in share}
        for first in range(0, len(sums), _CHUNK):
            chunk = [each for each in sums[first : first + _CHUNK] if each <= share_of.keys()]
            vectors = np.zeros((len(chunk), len(self.shares)), np.int64)
            whole = np.zeros(len(chunk), bool)
            for number, members in enumerate(chunk):
                columns = {share_of[member] for member in members}
                vectors[number, list(columns)] = 1
                whole[number] = sum(len(self.shares[column]) for column in columns) == len(members)
            left = (vectors - vectors[:, self.pivots] @ self.reduced) % _PRIME
            for number in np.flatnonzero(whole & ~left.any(axis=1)).tolist():
                width = self.width(vectors[number])
                if width is not None:
                    yield chunk[number], width

    def width(self, vector: Matrix) -> float | None:
        """None: it does not follow over the real numbers, or not by this. Where all is known
        exactly, that it follows is enough."""
        widths = np.array([each.width for each in self.known])
        if not widths.any():
            return 0.0
        combination, *_ = np.linalg.lstsq(self.matrix.T.astype(float), vector.astype(float))
        if np.abs(self.matrix.T @ combination - vector).max() > _NOISE:
            return None
        return float(np.abs(combination) @ widths)


def _reduced(matrix: Matrix) -> tuple[Matrix, list[int]]:
    """The reduced row echelon form modulo the prime, and the columns of its pivots."""
    rows = matrix % _PRIME
    pivots: list[int] = []
    for column in range(rows.shape[1]):
        rank = len(pivots)
        if rank == rows.shape[0]:
            break
        candidates = np.flatnonzero(rows[rank:, column])
        if not len(candidates):
            continue
        chosen = rank + int(candidates[0])
        rows[[rank, chosen]] = rows[[chosen, rank]]
        rows[rank] = rows[rank] * pow(int(rows[rank, column]), -1, _PRIME) % _PRIME
        others = np.flatnonzero(rows[:, column])
        others = others[others != rank]
        rows[others] = (rows[others] - np.outer(rows[others, column], rows[rank])) % _PRIME
        pivots.append(column)
    return rows[: len(pivots)], pivots
