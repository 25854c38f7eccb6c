"""The rules of reports, told a second time, in Python and one event group at a time, so that the
SQL can be compared with them and an attack knows what each figure is the sum of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

#: view, column of its groups, seconds of its windows, the view its parts are of
VIEWS = (
    ("team_minutes", "team", 60, ""),
    ("team_5_minutes", "team", 300, "team_minutes"),
    ("team_hours", "team", 3_600, "team_5_minutes"),
    ("team_days", "team", 86_400, "team_hours"),
    ("application_hours", "application", 3_600, ""),
    ("application_days", "application", 86_400, "application_hours"),
)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one person did in one minute in one application: ``amounts``, one a measure."""

    person: int
    epoch: int
    team: str
    application: str
    origin: str
    minute_s: int
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Atom:
    """``members`` are places in the list of contributions; the sum is rounded to ``base``."""

    members: frozenset[int]
    total: int
    base: int

    @property
    def figure(self) -> int:
        return (self.total + self.base // 2) // self.base * self.base


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a report: the sum of its ``atoms``."""

    atoms: tuple[Atom, ...]

    @property
    def value(self) -> int:
        return sum(atom.figure for atom in self.atoms)

    @property
    def members(self) -> frozenset[int]:
        return frozenset().union(*(atom.members for atom in self.atoms))


#: view, name, origin, start in s
Row = tuple[str, str, str, int]


@dataclass(frozen=True, slots=True)
class Reports:
    """``figures`` by row and measure; ``people`` by row, as they are shown."""

    figures: dict[tuple[Row, int], Figure]
    people: dict[Row, int]


#: Who is there when the report of a row is made: places in the list of contributions.
Present = Callable[[Row], Collection[int]]


def reports_of(
    contributions: Sequence[Contribution], k: int, present: Present | None = None
) -> Reports:
    """What the reports of these are; without ``present``, all made at one time."""
    figures: dict[tuple[Row, int], Figure] = {}
    people: dict[Row, int] = {}
    for view, column, window_s, child in VIEWS:
        for row, everybody in windows(contributions, view, column, window_s).items():
            there = present(row) if present else everybody
            members = [member for member in everybody if member in there]
            made = _row(contributions, row, members, _parts(figures, row, window_s, child), k)
            figures |= {(row, measure): figure for measure, figure in made.items()}
            if made:
                people[row] = max(k, _different(contributions, members) // 5 * 5)
    return Reports(figures, people)


def windows(
    contributions: Sequence[Contribution], view: str, column: str, window_s: int
) -> dict[Row, list[int]]:
    """The places of the contributions in each window of each group."""
    found: dict[Row, list[int]] = defaultdict(list)
    for place, one in enumerate(contributions):
        start = one.minute_s // window_s * window_s
        found[view, getattr(one, column), one.origin, start].append(place)
    return found


def _parts(
    figures: dict[tuple[Row, int], Figure], row: Row, window_s: int, child: str
) -> dict[int, list[tuple[Row, Figure]]]:
    """By measure, the shown figures of the windows of ``child`` in ``row``."""
    _, name, origin, start = row
    found: dict[int, list[tuple[Row, Figure]]] = defaultdict(list)
    for (part, measure), figure in figures.items():
        if part[:3] == (child, name, origin) and start <= part[3] < start + window_s:
            found[measure].append((part, figure))
    return found


def _row(
    contributions: Sequence[Contribution],
    row: Row,
    members: Sequence[int],
    parts: dict[int, list[tuple[Row, Figure]]],
    k: int,
) -> dict[int, Figure]:
    made = {}
    for measure in range(len(contributions[0].amounts)):
        shown = parts.get(measure, [])
        part_s = next((size for view, _, size, _ in VIEWS if shown and view == shown[0][0][0]), 1)
        starts = {part[3] for part, _ in shown}
        left = [m for m in members if contributions[m].minute_s // part_s * part_s not in starts]
        atoms = [atom for _, figure in shown for atom in figure.atoms]
        if atom := atom_of(contributions, left, measure, k):
            atoms.append(atom)
        if atoms:
            made[measure] = Figure(tuple(atoms))
    return made


def atom_of(
    contributions: Sequence[Contribution], members: Iterable[int], measure: int, k: int
) -> Atom | None:
    """These taken together, if they can be shown."""
    by_person: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    inside = [m for m in members if contributions[m].amounts[measure]]
    for m in inside:
        one = contributions[m]
        by_person[one.epoch][one.person] += one.amounts[measure]
    if not by_person:
        return None
    contributors = max(len(people) for people in by_person.values())
    largest = sum(max(people.values()) for people in by_person.values())
    total = sum(sum(people.values()) for people in by_person.values())
    coarse = _power_of_two(total // 4)
    fine = _power_of_two(10 * total // max(40, contributors // 5 * 5))
    if contributors < k or largest > coarse:
        return None
    return Atom(frozenset(inside), total, fine if largest <= fine else coarse)


def _different(contributions: Sequence[Contribution], members: Iterable[int]) -> int:
    by_epoch: dict[int, set[int]] = defaultdict(set)
    for m in members:
        by_epoch[contributions[m].epoch].add(contributions[m].person)
    return max(len(people) for people in by_epoch.values())


def _power_of_two(number: int) -> int:
    return 1 << (number.bit_length() - 1) if number else 0
