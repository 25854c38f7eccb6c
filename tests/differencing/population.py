"""People made up so that a careless report would give some of them away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tests.differencing.rules import Contribution
from tests.sinks.made import DAY_MS

DAY_S = DAY_MS // 1_000
#: Hours. The morning's reports are made before something changes.
MORNING, AFTERNOON, NIGHT = (9, 10), (14,), 22
#: People of the first team.
LEAVER, LATE_COMER, ALONE_AT_NIGHT, MEMBER_OF_TWO = 1, 2, 3, 4
_APPLICATIONS = ("browser", "chat", "email")


@dataclass(frozen=True, slots=True)
class Population:
    """``early`` and ``late``: places of the contributions that are there when the morning's reports
    are made, and when the rest is. In between somebody's data was erased, and some came late."""

    contributions: tuple[Contribution, ...]
    early: frozenset[int]
    late: frozenset[int]


def populate(seed: int, k: int, minutes: int) -> Population:
    """Teams about as large as ``k``, active in ``minutes`` of each hour."""
    made = np.random.default_rng(seed)
    people = list(_people(k))
    usual = [
        one
        for person, team, is_busy in people
        for one in _usual(made, person, team, minutes, is_busy)
    ]
    special = list(_special(made, people))
    erased = {n for n, one in enumerate(usual) if one.person == LEAVER and one.team == "k-plus-1"}
    comes_late = [replace(one, amounts=(911, 7_919)) for one in usual if one.person == LATE_COMER]
    after = [*comes_late[:3], *_joins(made, len(people) + 1)]
    both = frozenset(range(len(usual) + len(special)))
    everything = (*usual, *special, *after)
    late = (both | frozenset(range(len(both), len(everything)))) - erased
    return Population(everything, both, late)


def _people(k: int) -> Iterator[tuple[int, str, bool]]:
    """(person, team, whether that one does much more than all others)."""
    sizes = {"k-plus-1": k + 1, "few": 3, "k-minus-1": k - 1, "k": k, "some": k + 4, "many": 3 * k}
    person = 0
    for team, size in sizes.items():
        for number in range(size):
            person += 1
            yield person, team, team == "some" and number == 0
    yield MEMBER_OF_TWO, "many", False


def _usual(
    made: np.random.Generator, person: int, team: str, minutes: int, is_busy: bool
) -> Iterator[Contribution]:
    share = made.uniform(0.4, 1.0)
    weight = made.uniform(20, 60) * (40 if is_busy else 1)
    for hour in (*MORNING, *AFTERNOON):
        for minute in range(minutes):
            if made.random() < share:
                application = str(made.choice(_APPLICATIONS, p=[0.5, 0.1, 0.4]))
                yield _at(made, (person, team, application), (hour, minute), weight)


def _special(
    made: np.random.Generator, people: list[tuple[int, str, bool]]
) -> Iterator[Contribution]:
    """One person at night; an application that few use; one that a whole team and one more person
    use, and the team nothing else in that hour; people in the minutes between two."""
    yield _at(made, (ALONE_AT_NIGHT, "k-plus-1", "browser"), (NIGHT, 7), 50)
    of = {team: [p for p, t, _ in people if t == team] for _, team, _ in people}
    for person in of["few"]:
        yield _at(made, (person, "few", "crm"), (MORNING[0], 3), 30)
    for person in of["many"]:
        for minute in (40, 41):
            yield _at(made, (person, "many", "erp"), (16, minute), 40)
    yield _at(made, (of["few"][0], "few", "erp"), (16, 41), 90)
    for person in of["k"][:4]:
        yield _at(made, (person, "k", "browser"), (MORNING[1], 50), 30)


def _joins(made: np.random.Generator, person: int) -> Iterator[Contribution]:
    for minute in range(3):
        yield _at(made, (person, "k", "browser"), (MORNING[0], minute), 50)


def _at(
    made: np.random.Generator, who: tuple[int, str, str], when: tuple[int, int], weight: float
) -> Contribution:
    """``who``: person, team, application; ``when``: hour, minute."""
    amounts = (int(made.poisson(weight)) + 1, int(made.poisson(17 * weight)) + 1)
    start = DAY_S + when[0] * 3_600 + when[1] * 60
    return Contribution(who[0], 0, *who[1:], "live", start, amounts)
