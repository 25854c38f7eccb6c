"""The attacks on reports: what do the sums of a team, shown by the minute, tell of its members?

- ``presence``: the attacker has other sessions of a person and the sums of teams. Is the person in
  this team today? One of two teams has the person, the other does not.
- ``members``: the attacker reads `training.interactions` *and* the team views, so knows what each
  pseudonym did in each minute, and asks which of them add up to a team.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.reidentification.learner import Learner
from benchmarks.reidentification.measures import auc
from benchmarks.reidentification.sessions import Bools, Floats, Ints, Session

_TEAMS = 200  # drawn to learn from, and as many again to attack, for each person


@dataclass(frozen=True, slots=True)
class Presence:
    """``auc`` is the mean over people, ``most`` that of the person who is easiest to tell;
    ``shown`` is the share of a team's minutes that k people or more were active in, so that a
    report shows them."""

    auc: float
    most: float
    shown: float


def presence(
    known: Sequence[Session], attacked: Sequence[Session], people: int, learner: Learner, seed: int
) -> Presence:
    """Teams of ``people`` sessions, of any persons, of which a report shows the minutes in which
    all are active (so k = ``people``)."""
    found, shown = [], []
    for person in sorted({session.person for session in known}):
        draw = np.random.default_rng([seed, person])
        seen, inside, share = _teams(known, person, people, draw)
        model = learner.fit(seen, inside.astype(np.int64), seed)
        seen, inside, also = _teams(attacked, person, people, draw)
        found.append(auc(model.scores(seen)[:, 1], inside))
        shown += [share, also]
    return Presence(float(np.mean(found)), float(np.max(found)), float(np.mean(shown)))


def _teams(
    sessions: Sequence[Session], person: int, people: int, draw: np.random.Generator
) -> tuple[Floats, Bools, float]:
    """Features of teams, whether the person is in each, and the share of minutes shown."""
    own = [place for place, session in enumerate(sessions) if session.person == person]
    others = [place for place, session in enumerate(sessions) if session.person != person]
    inside = np.arange(_TEAMS) % 2 == 0
    rows, shown = [], []
    for has_person in inside:
        chosen = draw.choice(others, people - int(has_person), replace=False).tolist()
        if has_person:
            chosen.append(int(draw.choice(own)))
        row, share = _reported([sessions[place] for place in chosen])
        rows.append(row)
        shown.append(share)
    return np.stack(rows), inside, float(np.mean(shown))


def _reported(team: Sequence[Session]) -> tuple[Floats, float]:
    """Mean and spread of the team's sums over the minutes shown; zeros where none is."""
    minutes = np.concatenate([session.minutes for session in team])
    sums = np.concatenate([session.measures for session in team])
    different, place, active = np.unique(minutes, return_inverse=True, return_counts=True)
    totals = np.zeros((len(different), sums.shape[1]))
    np.add.at(totals, place, sums)
    shown = totals[active >= len(team)]
    share = len(shown) / len(different)
    if not len(shown):
        return np.zeros(2 * sums.shape[1]), share
    return np.concatenate([shown.mean(axis=0), shown.std(axis=0)]), share


def members(
    rows: Floats, shown: Mapping[str, tuple[Ints, Floats]], teams: Sequence[str | None]
) -> float:
    """How often a session is put into its own team. ``rows`` float64[sessions, minutes, measures]
    is what each did; ``shown`` has for each team the minutes that its report shows and their sums,
    NaN where one is left out; ``teams`` is the truth, None for who is in none.

    Each shown sum is a linear equation over the sessions; least squares says how much of each is
    in it. Teams that show nothing get nobody; a tie counts its share.
    """
    shares = np.zeros((len(rows), len(shown)))
    for column, (minutes, sums) in enumerate(shown.values()):
        if len(minutes):
            equations = rows[:, minutes].reshape(len(rows), -1).T
            weight = 1 / (_spread(sums) + 1)
            scaled = equations * np.tile(weight, len(minutes))[:, None]
            wanted = (sums * weight).reshape(-1)
            told = np.isfinite(wanted)
            shares[:, column] = np.linalg.lstsq(scaled[told], wanted[told], rcond=None)[0]
    names = list(shown)
    hits = []
    for own, share in zip(teams, shares, strict=True):
        if own is not None:
            best = share >= share.max()
            hits.append(best[names.index(own)] / best.sum())
    return float(np.mean(hits))


def _spread(sums: Floats) -> Floats:
    """The standard deviation of each measure, over what is shown of it; 0 where nothing is."""
    shown = np.isfinite(sums)
    count = np.maximum(shown.sum(axis=0), 1)
    mean = np.where(shown, sums, 0).sum(axis=0) / count
    spread: Floats = np.sqrt(np.where(shown, (sums - mean) ** 2, 0).sum(axis=0) / count)
    return spread
