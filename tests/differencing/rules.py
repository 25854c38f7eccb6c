"""The rules of reports, told a second time, in Python and one event group at a time, so that the
SQL can be compared with them and an attack knows what each figure is the sum of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
    """A number of a report: the sum of its ``atoms``. ``own`` is the one that no shorter window
    has, if there is one."""

    atoms: tuple[Atom, ...]
    own: Atom | None

    @property
    def value(self) -> int:
        return sum(atom.figure for atom in self.atoms)


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
    for view, column, window_s, _ in VIEWS:
        for row, everybody in windows(contributions, view, column, window_s).items():
            there = present(row) if present else everybody
            members = [member for member in everybody if member in there]
            made = _row(contributions, row, members, figures, k)
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


def _row(
    contributions: Sequence[Contribution],
    row: Row,
    members: Sequence[int],
    figures: Mapping[tuple[Row, int], Figure],
    k: int,
) -> dict[int, Figure]:
    """By measure, the figures of one row; ``figures`` are those of shorter windows."""
    shorter = list(_shorter(row[0]))
    made = {}
    for measure in range(len(contributions[0].amounts)):
        parts = _parts(row, shorter, measure, figures)
        left = [
            member
            for member in members
            if not _is_covered(contributions[member], row, shorter, measure, figures)
        ]
        own = atom_of(contributions, left, measure, k)
        if every := (*parts, *([own] if own else [])):
            made[measure] = Figure(every, own)
    return made


def _parts(
    row: Row,
    shorter: Sequence[tuple[str, int]],
    measure: int,
    figures: Mapping[tuple[Row, int], Figure],
) -> set[Atom]:
    """The atoms of the shorter windows in ``row``."""
    _, name, origin, start = row
    length = next(size for view, _, size, _ in VIEWS if view == row[0])
    views = [view for view, _ in shorter]
    return {
        figure.own
        for (part, of), figure in figures.items()
        if of == measure
        and figure.own
        and part[0] in views
        and part[1:3] == (name, origin)
        and start <= part[3] < start + length
    }


def _is_covered(
    one: Contribution,
    row: Row,
    shorter: Sequence[tuple[str, int]],
    measure: int,
    figures: Mapping[tuple[Row, int], Figure],
) -> bool:
    """Whether a shorter window shows the minute of ``one`` by an atom of its own."""
    for view, window_s in shorter:
        part = (view, row[1], row[2], one.minute_s // window_s * window_s)
        figure = figures.get((part, measure))
        if figure and figure.own:
            return True
    return False


def _shorter(view: str) -> Iterator[tuple[str, int]]:
    """The views of parts of its windows, and how long theirs are in s."""
    child = next(child for name, _, _, child in VIEWS if name == view)
    for name, _, window_s, _ in VIEWS:
        if name == child:
            yield name, window_s
            yield from _shorter(name)


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
