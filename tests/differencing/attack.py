"""Tries to learn something about fewer than k people from what is known of everybody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.differencing.known import Known, hidden_groups
from tests.differencing.population import Population
from tests.differencing.reduce import Span

#: A combination of sums is grown by at most so many.
_STEPS = 10
_SPANS_S = (60, 300, 3_600, 86_400)


@dataclass(slots=True)
class Outcome:
    """``tried`` and ``isolated`` by kind of question; the latter are people."""

    tried: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    isolated: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    @property
    def people(self) -> set[int]:
        return set().union(*self.isolated.values())


@dataclass(slots=True)
class Attack:
    """On one measure. A sum over fewer than ``k`` people *isolates* them if it is known exactly, or
    to lie in an interval that is narrower than what one of them contributed to it."""

    population: Population
    measure: int
    known: Sequence[Known]
    k: int
    outcome: Outcome

    def run(self) -> None:
        self._each_alone()
        self._pairs()
        self._totals_minus_parts()
        self._grown()
        self._solved()

    def _each_alone(self) -> None:
        for each in self.known:
            self._ask("one figure", each.members, each.width)

    def _pairs(self) -> None:
        """One figure minus another that it has contributions in common with: an hour and a minute,
        a team and an application, the same window in both looks."""
        for first, second in self._that_overlap():
            width = first.width + second.width
            self._ask("one figure minus another", first.members ^ second.members, width)

    def _totals_minus_parts(self) -> None:
        """A figure minus all figures of one view that are parts of it."""
        by_view: dict[str, list[Known]] = defaultdict(list)
        for each in self.known:
            by_view[each.view].append(each)
        for total in self.known:
            for parts in by_view.values():
                rest, width = total.members, total.width
                for part in parts:
                    if part.members <= rest and part.members != total.members:
                        rest, width = rest - part.members, width + part.width
                if rest != total.members:
                    self._ask("a total minus its parts", rest, width)

    def _grown(self) -> None:
        """Teams minus applications: from each figure on, always add the one after which the fewest
        people are left over. Finds what a team leaves over that no other of its people does."""
        meeting = self._that_meet()
        for start in meeting:
            left, width, used = start.members, start.width, {start}
            for _ in range(_STEPS):
                best = min(
                    (
                        each
                        for each in meeting
                        if each not in used and not each.members.isdisjoint(left)
                    ),
                    key=lambda each: self._people(left ^ each.members),
                    default=None,
                )
                if best is None:
                    break
                left, width = left ^ best.members, width + best.width
                used.add(best)
                if self._is_a_sum(used, left):
                    self._ask("some teams minus some applications", left, width)

    def _solved(self) -> None:
        """Whatever follows from all of them together."""
        persons = [one.person for one in self.population.contributions]
        span = Span.of(self.known, persons)
        for members, coefficients in span.rows():
            is_small = self._people(members) < self.k
            width = span.width(coefficients) if is_small else None
            self._ask("a row of the solved equations", members, width)
        for kind, sums in (
            ("what one person did in some time", list(self._of_one_person())),
            ("what a hidden group did", list(hidden_groups(self.population, self.k))),
        ):
            self.outcome.tried[kind] += len(sums)
            for members, width in span.that_follow(sums):
                self._judge(kind, members, width)

    def _of_one_person(self) -> Iterator[frozenset[int]]:
        found: dict[tuple[object, ...], set[int]] = defaultdict(set)
        for place, one in enumerate(self.population.contributions):
            for span_s in _SPANS_S:
                start = one.minute_s // span_s * span_s
                for team in (one.team, ""):
                    for application in (one.application, ""):
                        found[one.person, span_s, start, team, application].add(place)
        yield from {frozenset(members) for members in found.values()}

    def _ask(self, kind: str, members: frozenset[int], width: float | None) -> None:
        self.outcome.tried[kind] += 1
        if width is not None and self._people(members) < self.k:
            self._judge(kind, members, width)

    def _judge(self, kind: str, members: frozenset[int], width: float) -> None:
        by_person: dict[int, int] = defaultdict(int)
        for member in members:
            one = self.population.contributions[member]
            by_person[one.person] += one.amounts[self.measure]
        if 0 < len(by_person) < self.k and width < max(by_person.values()):
            self.outcome.isolated[kind] |= by_person.keys()

    def _people(self, members: frozenset[int]) -> int:
        return len({self.population.contributions[member].person for member in members})

    def _that_overlap(self) -> Iterator[tuple[Known, Known]]:
        for first_number, first in enumerate(self.known):
            for second in self.known[first_number + 1 :]:
                if not first.members.isdisjoint(second.members):
                    yield first, second

    def _that_meet(self) -> list[Known]:
        """Those by which teams and applications meet: all, if no two teams' figures overlap;
        otherwise those of hours."""
        of_teams = [each.members for each in self.known if each.view.startswith("team")]
        if sum(map(len, of_teams)) == len(frozenset().union(*of_teams)):
            return list(self.known)
        return [each for each in self.known if each.view.endswith("_hours")]

    @staticmethod
    def _is_a_sum(used: set[Known], left: frozenset[int]) -> bool:
        """Whether ``left`` are the contributions that teams and applications, subtracted from each
        other, do not cancel: each stands in one team's figure and in one application's at most."""
        for kind in ("team", "application"):
            of_kind = [each.members for each in used if each.view.startswith(kind)]
            if sum(map(len, of_kind)) != len(frozenset().union(*of_kind)):
                return False
        return bool(left)
