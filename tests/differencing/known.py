"""What an attacker knows: sums of contributions, each with how far off its figure may be.

He knows more than is shown: who did something when, in which team and application, and which
contributions each figure is the sum of. What he does not know are the amounts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.differencing.looks import MEASURES, Looks, is_early
from tests.differencing.population import Population
from tests.differencing.rules import VIEWS, Row, reports_of, windows


@dataclass(frozen=True, slots=True)
class Known:
    """The sum over ``members`` lies in an interval of ``width``; 0: it is known exactly."""

    view: str
    members: frozenset[int]
    width: int


class NotUnderstood(Exception):
    """What is shown is not what the rules say, so that the attack would be on something else."""


def of_reports(population: Population, looks: Looks, k: int) -> list[list[Known]]:
    """By measure: the atoms that every figure read by the analyst is a sum of; a figure that was
    read twice must be the same. Raises ``NotUnderstood``."""

    def present(row: Row) -> frozenset[int]:
        return population.early if is_early(row[0], row[3]) else population.late

    said = reports_of(population.contributions, k, present)
    values = {place: figure.value for place, figure in said.figures.items()}
    for look, early in ((looks.before, True), (looks.after, False)):
        shown = {
            (row, measure): value
            for row, (_, amounts) in look.items()
            for measure, value in enumerate(amounts)
            if value is not None
        }
        expected = {
            place: value
            for place, value in values.items()
            if not early or is_early(place[0][0], place[0][3])
        }
        people = {row: look[row][0] for row, _ in shown}
        if shown != expected or people != {row: said.people[row] for row, _ in expected}:
            raise NotUnderstood("the reports that were read are not those of the rules")
    found: list[dict[frozenset[int], Known]] = [{} for _ in MEASURES]
    for ((view, *_), measure), figure in said.figures.items():
        for atom in figure.atoms:
            found[measure].setdefault(atom.members, Known(view, atom.members, atom.base))
    return [list(atoms.values()) for atoms in found]


def of_plain_sums(population: Population, k: int) -> list[list[Known]]:
    """What views without suppression would show: in both looks, every sum of a group of at least
    ``k`` people, exactly, and always as of now."""
    found: set[tuple[str, frozenset[int]]] = set()
    for present in (population.early, population.late):
        for view, members in _windows(population):
            there = frozenset(members) & present
            if len({population.contributions[member].person for member in there}) >= k:
                found.add((view, there))
    known = [Known(view, members, 0) for view, members in sorted(found, key=_order)]
    return [known for _ in MEASURES]


def hidden_groups(population: Population, k: int) -> Iterator[frozenset[int]]:
    """Every group of every window that has fewer than ``k`` people."""
    for _, members in _windows(population):
        if len({population.contributions[member].person for member in members}) < k:
            yield frozenset(members)


def _windows(population: Population) -> Iterator[tuple[str, list[int]]]:
    for view, column, window_s, _ in VIEWS:
        for members in windows(population.contributions, view, column, window_s).values():
            yield view, members


def _order(found: tuple[str, frozenset[int]]) -> tuple[str, list[int]]:
    return found[0], sorted(found[1])
